import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { ComputePort, InstanceMetrics, InstanceRow } from '../../ports/compute.ts';
import type { AccountTarget, InstanceTarget, Resolved } from '../../ports/domain.ts';
import type { IdleInstance, Missing } from './data.ts';
import { oneLine } from './words.ts';

type Compute = Pick<ComputePort, 'list' | 'metrics'>;

const days = 14;
const idlePercent = 5;
/** Metrics cost a fraction of a cent each, and time: those of so many running instances are read, so many at once. */
const mostRunning = 20;
const atOnce = 4;
/** Of the 60 that such a series has: what reported less, or is younger, is not called idle. */
const enoughPoints = 54;
const mostStopped = 100;

/** Instances that cost without doing anything, and what could not be looked at. Throws `CallError` `cancelled` only. */
export async function findIdle(
  compute: Compute,
  accounts: readonly Resolved<AccountTarget>[],
  call: CallScope,
): Promise<{ idle: IdleInstance[]; missing: Missing[] }> {
  const missing: Missing[] = [];
  const listed = async (state: 'stopped' | 'running', limit: number) => {
    const page = await read(compute.list(accounts, { state, limit }, call));
    if ('why' in page) {
      missing.push({ what: `${state} instances`, why: page.why });
      return [];
    }
    for (const { account, region, message } of page.missing ?? []) {
      missing.push({ what: `${state} instances of ${account}${region ? ` in ${region}` : ''}`, why: oneLine(message, 300) });
    }
    if (page.nextCursor !== undefined) missing.push({ what: `${state} instances`, why: `Only the first ${limit} were looked at.` });
    return page.instances;
  };
  const [stopped, running] = await Promise.all([listed('stopped', mostStopped), listed('running', mostRunning)]);
  const idle = stopped.map((row) =>
    idleRow(row, row.provider === 'aws' ? 'stopped; its disks are still billed' : 'stopped; paid for all the same'),
  );
  for (let next = 0; next < running.length; next += atOnce) {
    const some = running.slice(next, next + atOnce);
    const answers = await Promise.all(some.map((row) => read(compute.metrics(targetOf(row, accounts), { hours: days * 24 }, call))));
    answers.forEach((answer, index) => {
      const row = some[index];
      if (!row) return;
      if ('why' in answer) missing.push({ what: `CPU of ${nameOf(row)}`, why: answer.why });
      else if (isIdle(answer))
        idle.push(idleRow(row, `running; CPU never above ${idlePercent}% in ${days} days (averages of ${hoursOf(answer)} hours)`));
    });
  }
  return { idle, missing };
}

function isIdle({ series }: InstanceMetrics): boolean {
  const { values = [], max } = series.find(({ metric }) => metric === 'CPUUtilization') ?? {};
  const reported = values.filter((value) => value !== null);
  return max !== undefined && max <= idlePercent && reported.length >= enoughPoints;
}

function hoursOf({ periodSeconds }: InstanceMetrics): string {
  return String(Math.round(periodSeconds / 360) / 10);
}

/** Only read with: nothing of it is decided on. */
function targetOf({ provider, id, name, state, type, region, account }: InstanceRow, accounts: readonly AccountTarget[]): InstanceTarget {
  const own = accounts.find((each) => each.provider === provider && (account === undefined || each.account === account));
  return {
    type: 'Instance',
    provider,
    id,
    account: own?.account ?? provider,
    accountId: own?.accountId ?? '',
    region,
    name,
    state,
    instanceType: type,
    tags: {},
  };
}

function idleRow(row: InstanceRow, why: string): IdleInstance {
  const where = [row.provider, row.account, row.region].filter((part) => part !== undefined && part !== '').join(' ');
  const cost = row.monthly === undefined ? {} : { cost: row.monthly };
  return { instance: nameOf(row), type: oneLine(row.type), where: oneLine(where), why, ...cost };
}

function nameOf({ name, id }: InstanceRow): string {
  return oneLine(name === '' || name === id ? id : `${name} (${id})`);
}

async function read<T>(asked: Promise<T>): Promise<T | { why: string }> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
    return { why: oneLine(error.message, 300) };
  }
}
