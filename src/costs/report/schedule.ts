/**
 * Invariant: what is on the schedule is done by one server at a time over a store, through the road like any call, so that each attempt
 * ends in a record; and nothing that goes wrong here reaches whoever keeps the time.
 */
import type { StateStore } from '../../ports/state.ts';
import { addMonths, dateOf, dayNamed, monthAt } from '../calendar.ts';
import { agesOf } from '../spend.ts';
import { lastMonth } from './last-month.ts';
import { due, postpone, scheduledId } from './outbox.ts';

type ScheduleStore = Pick<
  StateStore,
  'createReport' | 'updateReport' | 'report' | 'reports' | 'takeLease' | 'renewLease' | 'releaseLease' | 'costAlerts' | 'spend'
>;

/** What the schedule must know of a call. */
export type Called = { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface ScheduleOptions {
  readonly store: ScheduleStore;
  readonly settings: {
    readonly canMail: boolean;
    readonly recipients: readonly string[];
    readonly monthlyReport: boolean;
    /** Of the budget. */
    readonly currency: string;
  };
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
  /** Begins nothing more; a tick that runs ends with the call that it is in. */
  stop(): void;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const reportLeaseMs = 20 * minuteMs;
/** Combined alerts are evaluated this often, whatever the number of servers. */
const notifyEveryMs = 10 * minuteMs;
/** Spend that policy sees is read again when it is older, if somebody works: it costs money. */
const spendIsOldMs = 8 * hourMs;
const forecastEveryMs = hourMs;

/** Months for which it is noted that no server ran. A server that was away for longer begins anew. */
const mostMissed = 12;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { store, settings, invoke, warn, holder, now } = options;
  const canReport = settings.canMail && settings.recipients.length > 0;
  let isRunning = false;
  let isStopped = false;
  let isUsed = false;

  const call = async (tool: string, input: Readonly<Record<string, unknown>>): Promise<Outcome> => {
    try {
      const answer = await invoke(tool, input);
      if (answer.ok) return {};
      const { code, message } = answer.error;
      return { problem: `${code}: ${message}`, wasCancelled: code === 'cancelled' };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  };

  const sendReports = async () => {
    const lease = store.takeLease('cost reports', holder, now(), reportLeaseMs);
    if ('heldBy' in lease) return;
    try {
      if (settings.monthlyReport) planReport(store, settings.recipients, now());
      for (const row of due(store, now())) {
        if (isStopped || !store.renewLease('cost reports', lease.token, now(), reportLeaseMs)) return;
        const { problem, wasCancelled } = await call('costs_send_report', { resume: row.id });
        if (problem === undefined) continue;
        warn(`The report of costs of ${row.month} was not sent. ${problem}`);
        if (wasCancelled) continue;
        // The road may have refused the call before anybody could write down that it was tried.
        const after = store.report(row.id);
        if (after?.status === 'waiting' && after.attempts === row.attempts && after.nextAt === row.nextAt)
          postpone(store, after, { problem, maybeSent: false }, now());
      }
    } finally {
      store.releaseLease('cost reports', lease.token);
    }
  };

  /** Once in so long, over all servers: the lease is kept until then. Whether this server tried. */
  const everySoOften = async (tool: string, ms: number, name = tool): Promise<boolean> => {
    const lease = store.takeLease(`schedule ${name}`, holder, now(), ms);
    if ('heldBy' in lease) return false;
    const { problem, wasCancelled } = await call(tool, {});
    if (wasCancelled) store.releaseLease(`schedule ${name}`, lease.token);
    if (problem !== undefined) warn(`${tool} did not succeed. ${problem}`);
    return !wasCancelled;
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
      if (!isUsed) return;
      const known = store.spend();
      const { monthToDate = spendIsOldMs, forecast = spendIsOldMs } = known ? agesOf(known, settings.currency, now()) : {};
      if (Math.max(monthToDate, forecast) < spendIsOldMs) return;
      // Of a new month nothing is known, however lately the old one was read. What fails is not tried again for nobody: it costs money.
      if (await everySoOften('costs_forecast', forecastEveryMs, `costs_forecast ${monthAt(now()).name}`)) isUsed = false;
    },
  ];

  return {
    async tick() {
      if (isRunning) return;
      isRunning = true;
      try {
        for (const part of parts) {
          if (isStopped) return;
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
    stop() {
      isStopped = true;
    },
  };
}

interface Outcome {
  readonly problem?: string;
  readonly wasCancelled?: boolean;
}

/**
 * Puts the report of the month that has ended into the outbox, once. A store that has never seen one begins with the next month: nobody
 * expects mail about the time before the server. Of several that were missed the newest is sent, and the others are noted.
 */
function planReport(store: ScheduleStore, to: readonly string[], now: number): void {
  const month = lastMonth(now);
  const isKnown = (name: string) => store.report(scheduledId(name)) !== undefined;
  if (isKnown(month)) return;
  const row = (name: string) => ({ id: scheduledId(name), month: name, attempts: 0, nextAt: now });
  const earlier = Array.from({ length: mostMissed + 1 }, (_, back) => dateOf(addMonths(dayNamed(`${month}-01`), -back - 1)).slice(0, 7));
  const missed = earlier.findIndex(isKnown);
  if (missed === -1) {
    store.createReport({ ...row(month), to: [], status: 'sent' });
    return;
  }
  for (const name of earlier.slice(0, missed)) {
    const problem = `No server ran in the month behind it: costs report --month ${name} --send mails it.`;
    store.createReport({ ...row(name), to: [], status: 'failed', problem });
  }
  store.createReport({ ...row(month), to, status: 'waiting' });
}
