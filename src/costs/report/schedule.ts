/**
 * Invariant: what is on the schedule is done by one server at a time over a store, through the road like any call, so that each attempt
 * ends in a record; and nothing that goes wrong here reaches whoever keeps the time.
 */
import type { StateStore } from '../../ports/state.ts';
import { addMonths, dateOf, dayNamed } from '../calendar.ts';
import { lastMonth } from './last-month.ts';
import { due, findReport, postpone } from './outbox.ts';

type ScheduleStore = Pick<
  StateStore,
  'createReport' | 'updateReport' | 'reports' | 'takeLease' | 'renewLease' | 'releaseLease' | 'costAlerts' | 'spend'
>;

/** What the schedule must know of a call. */
export type Called = { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface ScheduleOptions {
  readonly store: ScheduleStore;
  readonly settings: { readonly canMail: boolean; readonly recipients: readonly string[]; readonly monthlyReport: boolean };
  /** Takes the road, as the agent that the configuration names for costs. */
  readonly invoke: (tool: string, input: Readonly<Record<string, unknown>>) => Promise<Called>;
  /** Whether anybody but the schedule has called since this was last asked. */
  readonly activity: () => boolean;
  /** Told of what went wrong, for the log. */
  readonly warn: (problem: string) => void;
  /** Names this process, in leases. */
  readonly holder: string;
  readonly now: () => number;
}

export interface Schedule {
  /** Does what is due. Never throws, and does nothing while an earlier one runs. Call it every minute or so. */
  tick(): Promise<void>;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const reportLeaseMs = 20 * minuteMs;
/** Combined alerts are evaluated this often, whatever the number of servers. */
const notifyEveryMs = 10 * minuteMs;
/** Spend that policy sees is read again when it is older, if somebody works: it costs money. */
const spendIsOldMs = 8 * hourMs;
const forecastEveryMs = hourMs;

/** How scheduled reports are called in the outbox. */
const scheduled = 'scheduled ';
/** Months for which it is noted that no server ran. */
const mostMissed = 12;
const mostRows = 10_000;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { store, settings, invoke, warn, holder, now } = options;
  const canReport = settings.canMail && settings.recipients.length > 0;
  let isRunning = false;
  let isUsed = false;

  const call = async (tool: string, input: Readonly<Record<string, unknown>>): Promise<string | undefined> => {
    try {
      const answer = await invoke(tool, input);
      if (answer.ok) return undefined;
      return `${answer.error.code}: ${answer.error.message}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  const sendReports = async () => {
    const lease = store.takeLease('cost reports', holder, now(), reportLeaseMs);
    if ('heldBy' in lease) return;
    try {
      if (settings.monthlyReport) planReport(store, settings.recipients, now());
      for (const row of due(store, now())) {
        if (!store.renewLease('cost reports', lease.token, now(), reportLeaseMs)) return;
        const problem = await call('costs_send_report', { resume: row.id });
        if (problem === undefined) continue;
        warn(`The report of costs of ${row.month} was not sent. ${problem}`);
        // The road may have refused the call before anybody could write down that it was tried.
        const after = findReport(store, row.id);
        if (after?.status === 'waiting' && after.attempts === row.attempts && after.nextAt <= now()) postpone(store, after, problem, now());
      }
    } finally {
      store.releaseLease('cost reports', lease.token);
    }
  };

  /** Once in so long, over all servers: the lease is kept until then. */
  const everySoOften = async (tool: string, ms: number) => {
    if ('heldBy' in store.takeLease(`schedule ${tool}`, holder, now(), ms)) return;
    const problem = await call(tool, {});
    if (problem !== undefined) warn(`${tool} did not succeed. ${problem}`);
  };

  const parts = [
    async () => {
      if (canReport) await sendReports();
    },
    async () => {
      if (store.costAlerts().length > 0) await everySoOften('costs_notify', notifyEveryMs);
    },
    async () => {
      // Asked each time, so that what was used while there was nothing to do is not forgotten.
      isUsed = options.activity() || isUsed;
      const known = store.spend();
      if (!isUsed || (known && now() - Math.min(known.monthToDateAt, known.forecastAt ?? 0) < spendIsOldMs)) return;
      isUsed = false;
      await everySoOften('costs_forecast', forecastEveryMs);
    },
  ];

  return {
    async tick() {
      if (isRunning) return;
      isRunning = true;
      try {
        for (const part of parts) {
          try {
            await part();
          } catch (error) {
            warn(`The schedule of costs was interrupted. ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      } finally {
        isRunning = false;
      }
    },
  };
}

/**
 * Puts the report of the month that has ended into the outbox, once. A store that has never seen one begins with the next month: nobody
 * expects mail about the time before the server. Of several that were missed the newest is sent, and the others are noted.
 */
function planReport(store: ScheduleStore, to: readonly string[], now: number): void {
  const month = lastMonth(now);
  const known = new Set(
    store.reports({ limit: mostRows }).flatMap(({ id }) => (id.startsWith(scheduled) ? [id.slice(scheduled.length)] : [])),
  );
  if (known.has(month)) return;
  const row = (name: string) => ({ id: `${scheduled}${name}`, month: name, attempts: 0, nextAt: now });
  if (known.size === 0) {
    store.createReport({ ...row(month), to: [], status: 'sent' });
    return;
  }
  for (let back = 1; back <= mostMissed; back += 1) {
    const earlier = dateOf(addMonths(dayNamed(`${month}-01`), -back)).slice(0, 7);
    if (known.has(earlier)) break;
    const problem = `No server ran in the month behind it: costs report --month ${earlier} --send mails it.`;
    store.createReport({ ...row(earlier), to: [], status: 'failed', problem });
  }
  store.createReport({ ...row(month), to, status: 'waiting' });
}
