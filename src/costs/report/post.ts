import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { ReportsPort, ReportToSend, SentReport, WrittenReport } from '../../ports/cost-reports.ts';
import type { AccountTarget, Resolved } from '../../ports/domain.ts';
import type { Mailer } from '../../ports/mail.ts';
import type { ReportRow } from '../../ports/state.ts';
import type { Needs } from './collect.ts';
import { deliver, isForLater, isRefusedByAll, messageIdOf } from './delivery.ts';
import { alone, isLastAttempt, isScheduled, type OutboxStore, postpone, strike, waitingOf } from './outbox.ts';
import { chosenRecipients, type MailRights } from './recipients.ts';

export interface PostOptions extends MailRights {
  readonly mailer: Mailer;
  readonly store: OutboxStore;
  readonly now: () => number;
  readonly write: (...asked: [...Parameters<ReportsPort['write']>, needs?: Needs]) => Promise<WrittenReport>;
}

type Accounts = readonly Resolved<AccountTarget>[];

/**
 * Sends it now. Who could not be reached for now is kept in the outbox, beside those who wait for that month already, and the error says
 * so. Throws `CallError`.
 */
export async function sendReport(
  options: PostOptions,
  accounts: Accounts,
  { month, to }: ReportToSend,
  call: CallScope,
): Promise<SentReport> {
  const { mailer, store, now, write } = options;
  const recipients = chosenRecipients(to, options);
  const report = await write(accounts, month, call);
  if (call.dryRun) return planned(report, recipients);
  return alone(store, report.month, call.callId, now, async () => {
    // What waits for that month is this report: who gets it twice is to recognise it.
    const id = waitingOf(store, report.month)[0]?.id ?? call.callId;
    const { sent, waiting, problem } = await deliver(mailer, report, recipients, messageIdOf(id, accounts), call);
    strike(store, report.month, sent);
    if (!problem) return { month: report.month, to: [...sent], status: 'sent' };
    if (waiting.length === 0) throw problem;
    const maybeSent = mayHaveArrived(call);
    // That it is kept is a change of ours.
    const settle = call.ledger.attempt();
    const row = kept(store, report.month, waiting, { id: call.callId, now: now() });
    settle('applied');
    throw putOff(options, row, forLater(problem), maybeSent);
  });
}

/** The row by which they wait for the month. */
function kept(store: OutboxStore, month: string, to: readonly string[], { id, now }: { id: string; now: number }): ReportRow {
  const rows = waitingOf(store, month);
  const added = to.filter((each) => rows.every((row) => !row.to.includes(each)));
  const [first] = rows;
  if (!first) {
    const row: ReportRow = { id, month, to, status: 'waiting', attempts: 0, nextAt: now };
    store.createReport(row);
    return row;
  }
  if (added.length > 0) store.updateReport(first.id, { to: [...first.to, ...added] });
  return first;
}

/** Another attempt for what is in the outbox, by one server at a time. Throws `CallError`. */
export async function resumeReport(options: PostOptions, accounts: Accounts, id: string, call: CallScope): Promise<SentReport> {
  const { store, now, write } = options;
  const row = store.report(id);
  if (!row) {
    throw new CallError('invalid_input', `There is no report ${JSON.stringify(id)} in the outbox.`, {
      remedy: 'Leave resume out, and name the month.',
      effect: 'none',
    });
  }
  const done: SentReport = { month: row.month, to: [], status: 'already_sent' };
  if (row.status === 'sent') return done;
  if (row.to.length === 0) throw wasMissed(row);
  if (call.dryRun) return planned(await write(accounts, row.month, call), stillAllowed(options, row));
  return alone(store, row.month, call.callId, now, async () => {
    // It was looked at before the lease: its holder may have sent it since.
    const current = store.report(id);
    if (!current || current.status === 'sent') return done;
    try {
      return await attempt(options, accounts, current, call);
    } catch (error) {
      throw error instanceof CallError ? writtenDown(options, current, error, call) : error;
    }
  });
}

async function attempt(options: PostOptions, accounts: Accounts, row: ReportRow, call: CallScope): Promise<SentReport> {
  const { mailer, store, write } = options;
  const recipients = stillAllowed(options, row);
  // Nobody corrects what a server mails by itself: while there is time it waits for all that belongs to it.
  const report = await write(accounts, row.month, call, isScheduled(row) && !isLastAttempt(row) ? 'every cloud' : 'what there is');
  const { sent, waiting, problem } = await deliver(mailer, report, recipients, messageIdOf(row.id, accounts), call);
  strike(store, row.month, sent);
  if (!problem) {
    store.updateReport(row.id, { status: 'sent' });
    return { month: row.month, to: [...sent], status: 'sent' };
  }
  if (waiting.length > 0) store.updateReport(row.id, { to: waiting });
  throw waiting.length > 0 ? forLater(problem) : problem;
}

/** Those who are in the configuration to this day. */
function stillAllowed(options: PostOptions, { to }: ReportRow): string[] {
  const allowed = to.filter((each) => options.recipients.includes(each));
  if (allowed.length > 0) return chosenRecipients(allowed, options);
  throw new CallError('provider_not_configured', 'None of the recipients of this report is in costs.recipients any more.', {
    remedy: 'Send it anew with costs_send_report and its month.',
    effect: 'none',
  });
}

/** A month in which no server ran, and which is mailed by nobody but a person. */
function wasMissed({ month }: ReportRow): CallError {
  return new CallError('invalid_input', `The report of ${month} is noted as missed, and waits for nobody.`, {
    remedy: `Send it with costs_send_report and month "${month}", without resume.`,
    effect: 'none',
  });
}

/** What came of an attempt stays in the outbox, whatever becomes of the answer. */
function writtenDown(options: PostOptions, row: ReportRow, error: CallError, call: CallScope): CallError {
  const maybeSent = mayHaveArrived(call);
  // It was not tried: nothing is known of the mail server, and nobody is to wait longer for it.
  if (error.code === 'cancelled' && !maybeSent) return error;
  // What a server mails by itself nobody repeats by hand: what can be set right within three days is.
  if (isForLater(error) || (isScheduled(row) && !isRefusedByAll(error))) return putOff(options, row, error, maybeSent);
  options.store.updateReport(row.id, { status: 'failed', attempts: row.attempts + 1, problem: error.message });
  return error;
}

/** Whether the mail may have arrived though nobody said so. */
function mayHaveArrived({ ledger }: CallScope): boolean {
  return ledger.effect() === 'unknown';
}

/** The error of an attempt behind which there is another, or none. */
function putOff({ store, now }: PostOptions, row: ReportRow, error: CallError, maybeSent: boolean): CallError {
  const { code, message, details } = error;
  const nextAt = postpone(store, row, { problem: message, maybeSent }, now());
  const givenUp = maybeSent
    ? 'It may have arrived, and is not tried again. Ask its recipients, and send it anew with its month if they do not have it.'
    : `${details.remedy} It was tried for three days, and is given up: send it anew with its month.`;
  const first = isForLater(error) ? '' : `${details.remedy} `;
  const remedy = nextAt === undefined ? givenUp : `${first}${triesAgain(nextAt)}`;
  // The road knows the effect: the ledger has what was sent before this went wrong, and what was kept.
  const { effect: _, ...known } = details;
  return new CallError(code, message, { ...known, retryable: false, remedy });
}

function forLater({ code, message, details }: CallError): CallError {
  return new CallError(code, message, { ...details, retryable: true });
}

function planned({ month, subject }: WrittenReport, to: readonly string[]): SentReport {
  return {
    month,
    to: [],
    status: 'planned',
    plan: { current: { mailed: 'nobody' }, change: { mailed: to.join(', '), subject }, providerChecked: false },
  };
}

function triesAgain(nextAt: number): string {
  const when = new Date(nextAt).toISOString().slice(0, 16).replace('T', ' ');
  return `Do not send it again: it is kept, and a running "ziggie-cloud serve" tries again from ${when} UTC on, for three days.`;
}
