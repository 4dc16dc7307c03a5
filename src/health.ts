import type { HealthProbe } from './call/access.ts';
import { CallError } from './call/errors.ts';
import type { Settings } from './config/load.ts';
import type { PolicyStatus } from './policy/open-policy.ts';
import type { HealthCheck } from './ports/access.ts';
import type { AuditHealth } from './ports/audit.ts';
import type { CallScope } from './ports/call-scope.ts';
import type { Guard } from './ports/guard.ts';
import type { RemoteHosts } from './ports/remote-host.ts';
import type { StateStore } from './ports/state.ts';
import type { AccountProbe, AwsProvider } from './providers/aws/index.ts';

export interface HealthSources {
  readonly settings: Settings;
  readonly audit: { health(): AuditHealth };
  readonly policy: { status(): PolicyStatus };
  readonly guard: Guard;
  readonly store: Pick<StateStore, 'report'>;
  readonly aws: Pick<AwsProvider, 'identity' | 'probe' | 'sessionArn'>;
  /** Asks Hostinger's API for the least that it answers. */
  readonly hostinger: {
    probe(call: CallScope): Promise<{ readonly latencyMs: number; readonly machines: number }>;
    /** Connects to a server by SSH. */
    probeHost: RemoteHosts['probe'];
  };
}

/** Undelivered records older than this are a warning: somebody should look before the host is lost. */
const lateDeliveryMs = 5 * 60_000;

/** What health_check asks, one probe a part. */
export function healthProbes({ settings, audit, policy, guard, store, aws, hostinger }: HealthSources): HealthProbe[] {
  return [
    {
      name: 'audit journal',
      async probe() {
        const { writable, problem } = audit.health();
        return writable ? { status: 'ok' } : { status: 'failed', detail: problem ?? 'The journal cannot be written; calls are refused.' };
      },
    },
    {
      name: 'audit delivery',
      async probe() {
        const { undelivered, oldestUndeliveredAt, problem, logGroup } = audit.health();
        const late = oldestUndeliveredAt !== undefined && Date.now() - Date.parse(oldestUndeliveredAt) > lateDeliveryMs;
        const waiting = undelivered > 0 ? `Waiting for ${logGroup}: ${undelivered}, the oldest since ${oldestUndeliveredAt}. ` : '';
        return problem !== undefined || late
          ? { status: 'degraded', detail: `${waiting}${problem ?? ''}`.trim() }
          : { status: 'ok', detail: `${waiting}Delivers to ${logGroup}.` };
      },
    },
    {
      name: 'policy',
      async probe() {
        const { status, hash, problems } = policy.status();
        const detail = problems[0]
          ? `${problems[0].file}:${problems[0].line ?? 1}: ${problems[0].message}`
          : `policy set ${hash.slice(0, 12)}`;
        return { status, detail };
      },
    },
    ...settings.aws.accounts.flatMap(({ name, regions }): HealthProbe[] => [
      {
        name: `aws ${name}`,
        async probe(call) {
          const { accountId, arn } = await aws.identity(name, within(call));
          const session = await aws.sessionArn(name, within(call));
          const as = session ? `${session}, by ${arn}` : arn;
          return { status: 'ok', detail: `${as} in account ${accountId}, ${regions.join(', ')}` };
        },
      },
      {
        name: `aws ${name} services`,
        probe: async (call) => serviceHealth(await aws.probe(name, within(call))),
      },
    ]),
    ...(settings.hostinger.isSetUp
      ? [
          {
            name: 'hostinger api',
            async probe(call: CallScope) {
              const { latencyMs, machines } = await hostinger.probe(within(call));
              return { status: 'ok' as const, detail: `${latencyMs} ms, ${machines} virtual machine${machines === 1 ? '' : 's'}` };
            },
          },
        ]
      : []),
    ...settings.hostinger.servers.map(
      ({ name }): HealthProbe => ({
        name: `ssh ${name}`,
        async probe(call) {
          try {
            const { latencyMs, software } = await hostinger.probeHost(name, within(call));
            return { status: 'ok', detail: `${latencyMs} ms, ${software}` };
          } catch (error) {
            // A server of the starter configuration that nobody has set up is no failure.
            if (!(error instanceof CallError) || error.code !== 'provider_not_configured' || error.details.provider) throw error;
            return { status: 'ok', detail: `not set up: ${error.message}` };
          }
        },
      }),
    ),
    ...(settings.costs.mail && settings.costs.recipients.length > 0
      ? [{ name: 'cost reports', probe: async () => reportHealth(store) }]
      : []),
    {
      name: 'circuits',
      async probe() {
        const open = guard.circuits().filter(({ state }) => state !== 'closed');
        if (open.length === 0) return { status: 'ok' };
        return { status: 'degraded', detail: open.map(({ service, region, state }) => `${service} in ${region} is ${state}`).join('; ') };
      },
    },
  ];
}

/** Of the last month's report, which the server mails by itself: nobody waits for its answer. */
async function reportHealth(store: HealthSources['store']): Promise<Omit<HealthCheck, 'name'>> {
  const { newestScheduled } = await import('./costs/report/outbox.ts');
  const row = newestScheduled(store, Date.now());
  if (!row || row.status === 'sent' || (row.status === 'waiting' && row.attempts === 0)) return { status: 'ok' };
  const { month, status, nextAt, problem = '' } = row;
  const state = status === 'waiting' ? `is tried again from ${new Date(nextAt).toISOString().slice(0, 16)}Z on` : 'was given up';
  return { status: 'degraded', detail: `The report of ${month} was not sent, and ${state}. ${problem}`.trim() };
}

/** A probe must not keep the whole answer waiting. */
const longestProbeMs = 8_000;

function within(call: CallScope): CallScope {
  return { ...call, deadlineAt: Math.min(call.deadlineAt, Date.now() + longestProbeMs) };
}

/** AWS refuses signatures that are five minutes off, most services a little later. */
const clockWarnsMs = 60_000;
const clockFailsMs = 240_000;

function serviceHealth({ services, clockOffsetMs = 0 }: AccountProbe): Omit<HealthCheck, 'name'> {
  const failed = services.filter(({ result }) => result === 'failed');
  const words = services.map(({ service, latencyMs, result, problem }) => {
    const how = result === 'failed' ? (problem ?? 'failed') : `${latencyMs} ms`;
    return `${service} ${how}${result === 'denied' ? ' (answers; not to the server itself)' : ''}`;
  });
  const off = Math.abs(clockOffsetMs);
  if (off >= clockWarnsMs) {
    words.push(`the clock of this machine is ${Math.round(off / 1_000)} s ${clockOffsetMs > 0 ? 'behind' : 'ahead of'} AWS: set it`);
  }
  const isBad = (failed.length > 0 && failed.length === services.length) || off >= clockFailsMs;
  return { status: isBad ? 'failed' : failed.length > 0 || off >= clockWarnsMs ? 'degraded' : 'ok', detail: words.join('; ') };
}
