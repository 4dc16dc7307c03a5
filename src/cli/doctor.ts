import { accessSync, constants, lstatSync } from 'node:fs';
import { Call } from '../call/call.ts';
import { newCallId } from '../call/call-id.ts';
import { CallError } from '../call/errors.ts';
import { createRedactor } from '../call/redact.ts';
import type { Settings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { checkPolicy } from '../policy/workbench.ts';
import { knownIds, startServer, type ZiggieServer } from '../server.ts';
import { makeFolder } from '../state/make-folder.ts';
import { operations } from '../tools/index.ts';
import { type CommonOptions, settingsOf } from './context.ts';
import { exit, print, printJson } from './output.ts';

interface Verdict {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix?: string;
}

/** Clocks further apart than this make AWS refuse signatures (five minutes) soon. */
const clockSkewMs = 60_000;
const deliveryMs = 8_000;

/** One verdict a line and what to fix; exit 1 when something fails. */
export async function doctor(options: CommonOptions & { json?: boolean }): Promise<void> {
  const verdicts = await examine(await settingsOf(options));
  if (options.json) printJson(verdicts);
  else
    for (const { check, status, detail, fix } of verdicts)
      print(`${status.padEnd(5)} ${check.padEnd(16)} ${detail}${fix ? `\n${' '.repeat(23)}fix: ${fix}` : ''}`);
  if (verdicts.some(({ status }) => status === 'fail')) process.exitCode = exit.failed;
}

async function examine(settings: Settings): Promise<Verdict[]> {
  const verdicts: Verdict[] = [
    { check: 'node', status: 'ok', detail: process.versions.node },
    { check: 'configuration', status: 'ok', detail: `${settings.yamlFile}, ${settings.agents.length} agents` },
    endpoint(settings),
    await policy(settings),
    approvers(settings),
    stateFolder(settings),
  ];
  if (verdicts.some(({ check, status }) => status === 'fail' && check !== 'approvers')) return verdicts;
  const server = await startServer(settings);
  try {
    for (const { name, accountId } of settings.aws.accounts) verdicts.push(...(await account(server, name, accountId)));
    verdicts.push(...(await provided(server)), ...(await hostinger(server, settings)));
    verdicts.push(await delivery(server, settings.sandbox));
  } finally {
    await server.close();
  }
  return verdicts;
}

function endpoint({ sandbox, aws }: Settings): Verdict {
  if (sandbox) return { check: 'endpoints', status: 'ok', detail: 'sandbox: nothing here is real' };
  const moved = [aws.endpoint, ...Object.values(aws.endpoints)].filter(Boolean);
  return {
    check: 'endpoints',
    status: moved.length > 0 ? 'warn' : 'ok',
    detail: moved.length > 0 ? `not AWS: ${moved.join(', ')}` : 'AWS',
  };
}

async function policy(settings: Settings): Promise<Verdict> {
  const problems = await checkPolicy(settings.policyFolder, { operations, known: knownIds(settings) });
  const [first] = problems;
  return first
    ? { check: 'policy', status: 'fail', detail: formatProblem(first), fix: 'correct it; ziggie-cloud policy check shows all' }
    : { check: 'policy', status: 'ok', detail: settings.policyFolder };
}

function approvers({ approvers, sandbox }: Settings): Verdict {
  if (approvers.length > 0 || sandbox)
    return { check: 'approvers', status: 'ok', detail: approvers.map(({ id }) => id).join(', ') || 'the sandbox’s own' };
  return { check: 'approvers', status: 'warn', detail: 'nobody may approve', fix: 'ziggie-cloud approvers add <id>' };
}

function stateFolder({ stateFolder: folder }: Settings): Verdict {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    return {
      check: 'state folder',
      status: 'fail',
      detail: `${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`,
      fix: 'make it writable, or point ZIGGIE_STATE elsewhere',
    };
  }
  const open = (lstatSync(folder).mode & 0o077) !== 0;
  return open
    ? { check: 'state folder', status: 'warn', detail: `${folder} may be read by others`, fix: `chmod 700 ${folder}` }
    : { check: 'state folder', status: 'ok', detail: folder };
}

async function account(server: ZiggieServer, name: string, expected: string | undefined): Promise<Verdict[]> {
  const check = `aws ${name}`;
  try {
    const { accountId, arn, clockOffsetMs } = await server.identity(name, scope());
    return [{ check, status: 'ok', detail: `${arn} in ${accountId}${expected ? ', as ziggie.yaml says' : ''}` }, clock(clockOffsetMs)];
  } catch (error) {
    return [
      { check, status: 'fail', ...worded(error) },
      { check: 'clock', status: 'warn', detail: 'not compared: AWS did not answer' },
    ];
  }
}

function clock(offsetMs: number | undefined): Verdict {
  if (offsetMs === undefined) return { check: 'clock', status: 'warn', detail: 'not compared: the answer of AWS had no date' };
  const detail = `${Math.round(offsetMs / 1000)} s off AWS`;
  return Math.abs(offsetMs) > clockSkewMs
    ? { check: 'clock', status: 'fail', detail, fix: 'set the clock (timedatectl set-ntp true)' }
    : { check: 'clock', status: 'ok', detail };
}

/** Where each value comes from that may be kept in Secrets Manager; never the value. What is not set may not be wanted. */
async function provided(server: ZiggieServer): Promise<Verdict[]> {
  const reports = await (await server.provided()).report();
  return reports.map(({ label, source, purpose, how, problem }): Verdict => {
    const detail = source ? `from ${source}` : `not set (${purpose}; ${how})`;
    if (!problem) return { check: label, status: 'ok', detail };
    const fix = 'allow secretsmanager:GetSecretValue on ziggie/*, and see the line of the account above';
    return { check: label, status: 'warn', detail: `${detail}; ${problem}`, fix };
  });
}

/** The API, where something says that it is used, and each server, as health_check asks them. */
async function hostinger(server: ZiggieServer, { hostinger: { isSetUp, servers } }: Settings): Promise<Verdict[]> {
  const ask = async (check: string, work: () => Promise<string>): Promise<Verdict> => {
    try {
      return { check, status: 'ok', detail: await work() };
    } catch (error) {
      // Of a server of the starter configuration that nobody has set up nothing is wrong.
      const isUnused = error instanceof CallError && error.code === 'provider_not_configured' && !error.details.provider;
      return { check, status: isUnused ? 'warn' : 'fail', ...worded(error) };
    }
  };
  const api = async () => `${(await server.probes.probe(scope())).machines} virtual machines`;
  return Promise.all([
    ...(isSetUp ? [ask('hostinger api', api)] : []),
    ...servers.map(({ name }) => ask(`ssh ${name}`, async () => (await server.probes.probeHost(name, scope())).software)),
  ]);
}

/** A record of its own, all the way to CloudWatch: nothing less shows that delivery works. */
async function delivery({ logSink, audit }: ZiggieServer, sandbox: boolean): Promise<Verdict> {
  const entry = { callId: newCallId(Date.now()), principal: 'human:operator', client: 'cli', tool: 'doctor', sandbox };
  await audit.append({ ...entry, phase: 'intent', ts: new Date().toISOString() });
  await audit.append({ ...entry, phase: 'outcome', ts: new Date().toISOString(), outcome: 'success', effect: 'none' });
  const delivered = await audit.flush(deliveryMs);
  const { problem } = audit.health();
  return delivered && problem === undefined
    ? { check: 'audit delivery', status: 'ok', detail: logSink.group }
    : {
        check: 'audit delivery',
        status: 'fail',
        detail: problem ?? `CloudWatch did not take a record within ${deliveryMs / 1000} s`,
        fix: 'allow logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents, or correct credentials and endpoint; records wait on disk',
      };
}

function scope() {
  return new Call({ tool: 'doctor', input: {} }, Date.now(), createRedactor()).scope();
}

function worded(error: unknown): { detail: string; fix?: string } {
  return error instanceof CallError ? { detail: error.message, fix: error.details.remedy } : { detail: 'the check itself failed' };
}
