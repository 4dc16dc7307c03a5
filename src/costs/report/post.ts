import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { ReportsPort, ReportToSend, SentReport, WrittenReport } from '../../ports/cost-reports.ts';
import type { AccountTarget, Resolved } from '../../ports/domain.ts';
import type { Mailer } from '../../ports/mail.ts';
import type { ReportRow } from '../../ports/state.ts';
import { deliver, isForLater, messageIdOf } from './delivery.ts';
import { alone, findReport, firstPauseMs, type OutboxStore, postpone } from './outbox.ts';
import { chosenRecipients, type MailRights } from './recipients.ts';

export interface PostOptions extends MailRights {
  readonly mailer: Mailer;
  readonly store: OutboxStore;
  readonly now: () => number;
  readonly write: ReportsPort['write'];
}

type Accounts = readonly Resolved<AccountTarget>[];

/** Sends it now. Who could not be reached for now is kept in the outbox, and the error says so. Throws `CallError`. */
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
  const delivery = await deliver(mailer, report, recipients, messageIdOf(call.callId, accounts), call);
  const { sent, waiting, problem } = delivery;
  if (!problem) return { month: report.month, to: [...sent], status: 'sent' };
  // A person who cancels does not want it later.
  if (waiting.length === 0 || problem.code === 'cancelled') throw problem;
  const nextAt = now() + firstPauseMs;
  // That it is kept is a change of ours.
  const settle = call.ledger.attempt();
  store.createReport({
    id: call.callId,
    month: report.month,
    to: waiting,
    status: 'waiting',
    attempts: 1,
    nextAt,
    problem: problem.message,
  });
  settle('applied');
  throw new CallError(problem.code, problem.message, { ...problem.details, retryable: false, remedy: triesAgain(nextAt) });
}

/** Another attempt for what is in the outbox, by one server at a time. Throws `CallError`. */
export async function resumeReport(options: PostOptions, accounts: Accounts, id: string, call: CallScope): Promise<SentReport> {
  const { store, now, write } = options;
  const row = findReport(store, id);
  if (!row) {
    throw new CallError('invalid_input', `There is no report ${JSON.stringify(id)} in the outbox.`, {
      remedy: 'Leave resume out, and name the month.',
      effect: 'none',
    });
  }
  const done: SentReport = { month: row.month, to: [], status: 'already_sent' };
  if (row.status === 'sent') return done;
  if (call.dryRun) return planned(await write(accounts, row.month, call), stillAllowed(options, row));
  return alone(store, id, call.callId, now, async () => {
    // It was looked at before the lease: its holder may have sent it since.
    const current = findReport(store, id);
    if (!current || current.status === 'sent') return done;
    try {
      return await attempt(options, accounts, current, call);
    } catch (error) {
      throw error instanceof CallError ? writtenDown(options, current, error) : error;
    }
  });
}

async function attempt(options: PostOptions, accounts: Accounts, row: ReportRow, call: CallScope): Promise<SentReport> {
  const { mailer, store, write } = options;
  const recipients = stillAllowed(options, row);
  const report = await write(accounts, row.month, call);
  const { sent, waiting, problem } = await deliver(mailer, report, recipients, messageIdOf(row.id, accounts), call);
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

/** What came of an attempt stays in the outbox, whatever becomes of the answer. */
function writtenDown({ store, now }: PostOptions, row: ReportRow, error: CallError): CallError {
  if (!isForLater(error)) {
    store.updateReport(row.id, { status: 'failed', attempts: row.attempts + 1, problem: error.message });
    return error;
  }
  const nextAt = postpone(store, row, error.message, now());
  const remedy =
    nextAt === undefined
      ? `${error.details.remedy} It was tried for three days, and is given up: send it anew with its month.`
      : triesAgain(nextAt);
  return new CallError(error.code, error.message, { ...error.details, remedy });
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
