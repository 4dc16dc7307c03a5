import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { CommandResult, RemoteHosts } from '../../../ports/remote-host.ts';
import type { ServerSpec, ServiceAction, ServiceReport } from '../../../ports/vps.ts';

/** systemd gives a unit 90 s to start or stop by default (systemd-system.conf(5), DefaultTimeoutStartSec). */
const changeTimeoutMs = 100_000;
const lookTimeoutMs = 15_000;
const outputBytes = 32_768;
const properties = ['Id', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'StateChangeTimestamp', 'MainPID'];
/** systemd.unit(5): what is none of these ends in `.service` in full. */
const suffix = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/**
 * State of a unit of systemd, after it was changed if the action says so. A unit that was started and failed is an answer, with the
 * journal that says why.
 * @throws CallError `invalid_input` for a unit that ziggie.yaml does not open, `target_unresolved` for one that there is not,
 *   `provider_denied` where the user of the server may not do it
 */
export async function changeService(
  hosts: RemoteHosts,
  server: ServerSpec,
  query: { readonly service: string; readonly action: ServiceAction; readonly journalLines: number },
  call: CallScope,
): Promise<ServiceReport> {
  const { service, action, journalLines } = query;
  if (!isAllowed(server.services, service)) throw notOpen(server, service);
  const look = (argv: readonly [string, ...string[]]) =>
    hosts.run(server.name, { argv }, { timeoutMs: lookTimeoutMs, maxBytes: outputBytes, readOnly: true }, call);

  const before = await readState(look, server, service);
  const wanted = `systemctl ${action} ${service}`;
  if (action !== 'status' && !call.dryRun) {
    const options = { timeoutMs: changeTimeoutMs, maxBytes: outputBytes, readOnly: false };
    const done = await hosts.run(server.name, { argv: ['systemctl', action, '--', service] }, options, call);
    if (!succeeded(done)) {
      const after = await readState(look, server, service);
      // What started and fell over has a state and a journal to show; what systemd refused has only its words.
      if (done.end.kind !== 'exit' || !['failed', 'activating'].includes(after.state) || isDenial(done)) {
        throw systemctlFailed(done, server, wanted);
      }
    }
  }
  const state = action === 'status' || call.dryRun ? before : await readState(look, server, service);
  const journal = await readJournal(look, service, journalLines);
  return {
    service,
    ...state,
    journal,
    ...(call.dryRun
      ? {
          plan: {
            current: { state: state.state, subState: state.subState },
            change: action === 'status' ? {} : { command: wanted },
            providerChecked: false,
          },
        }
      : {}),
  };
}

type Look = (argv: readonly [string, ...string[]]) => Promise<CommandResult>;

async function readState(look: Look, server: ServerSpec, service: string): Promise<Omit<ServiceReport, 'service' | 'journal' | 'plan'>> {
  const shown = await look(['systemctl', 'show', `--property=${properties.join(',')}`, '--', service]);
  if (!succeeded(shown)) throw systemctlFailed(shown, server, `systemctl show ${service}`);
  const lines = shown.stdout.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line));
  const found = new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])));
  if (found.get('LoadState') === 'not-found') {
    throw new CallError('target_unresolved', `${server.name} has no unit ${service}.`, {
      remedy: `Check the name; ziggie.yaml opens ${server.services.join(', ')}.`,
    });
  }
  const since = found.get('StateChangeTimestamp');
  const pid = Number(found.get('MainPID') ?? 0);
  return {
    state: found.get('ActiveState') || 'unknown',
    subState: found.get('SubState') || 'unknown',
    enabled: found.get('UnitFileState') || 'unknown',
    ...(since ? { since } : {}),
    ...(pid > 0 ? { pid } : {}),
  };
}

/** The state matters more than the journal, which many users may not read: its absence is said in its place. */
async function readJournal(look: Look, service: string, lines: number): Promise<string[]> {
  if (lines === 0) return [];
  const read = await look(['journalctl', '--quiet', `--unit=${service}`, `--lines=${lines}`, '--no-pager', '--output=short-iso']);
  if (!succeeded(read)) return [`(journalctl did not answer: ${read.stderr.trim().split('\n')[0] || endOf(read)})`];
  return read.stdout.split('\n').filter((line) => line !== '');
}

/** Names as systemd takes them, without the patterns that it would expand. */
function isAllowed(allowed: readonly string[], service: string): boolean {
  if (!/^[A-Za-z0-9][\w.@:-]{0,127}$/.test(service)) return false;
  return allowed.some((each) => (each.endsWith('*') ? service.startsWith(each.slice(0, -1)) : inFull(service) === inFull(each)));
}

function inFull(service: string): string {
  return suffix.test(service) ? service : `${service}.service`;
}

function succeeded({ end }: CommandResult): boolean {
  return end.kind === 'exit' && end.code === 0;
}

function isDenial({ stderr }: CommandResult): boolean {
  return /access denied|authentication (is )?required|permission denied|not permitted/i.test(stderr);
}

function endOf({ end }: CommandResult): string {
  if (end.kind === 'exit') return `exit code ${end.code}`;
  return end.kind === 'signal' ? `ended by ${end.signal}` : `ended after ${end.afterMs / 1_000} s`;
}

function systemctlFailed(result: CommandResult, { name }: ServerSpec, command: string): CallError {
  const provider = { code: endOf(result), message: result.stderr.trim() };
  if (result.end.kind === 'timeout') {
    return new CallError('timeout', `${command} on ${name} did not end in ${result.end.afterMs / 1_000} s.`, {
      remedy: 'Read the state with action status: systemd goes on with what it began.',
      provider,
    });
  }
  if (isDenial(result)) {
    return new CallError('provider_denied', `The SSH user of ${name} may not ${command}.`, {
      remedy:
        "Whoever keeps the server has to allow it: a polkit rule for org.freedesktop.systemd1.manage-units, or another user in the server's ssh settings.",
      effect: 'none',
      provider,
    });
  }
  const isMissing = result.end.kind === 'exit' && result.end.code === 127;
  return new CallError('provider_rejected', `${command} on ${name} failed: ${endOf(result)}.`, {
    remedy: isMissing ? 'The server has no systemd; use a command of vps_run_command.' : "Read the service's journal with action status.",
    provider,
  });
}

function notOpen({ name, services }: ServerSpec, service: string): CallError {
  return new CallError('invalid_input', `${JSON.stringify(service.slice(0, 80))} is no service that may be touched on ${name}.`, {
    remedy:
      services.length > 0
        ? `ziggie.yaml opens ${services.join(', ')} (services).`
        : 'ziggie.yaml opens no service of this server (services).',
  });
}
