import type { CallScope } from './call-scope.ts';
import type { AccountTarget, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

/** A month's report, written. */
export interface WrittenReport {
  month: string;
  subject: string;
  text: string;
  /** One page that needs nothing else: no scripts, no images, no fonts. */
  html: string;
  /** RFC 4180, and safe to open in a spreadsheet. */
  csv: string;
}

export interface SentReport {
  month: string;
  /** Who was mailed by this call. */
  to: string[];
  /** `already_sent`: by an earlier call, or another server; nothing was mailed. */
  status: 'sent' | 'already_sent' | 'planned';
  plan?: Plan;
}

export interface ReportToSend {
  /** `2026-10`; absent: the last month that is over. */
  readonly month?: string;
  /** Of the recipients in the configuration; absent: all of them. */
  readonly to?: readonly string[];
  /** Id of a report that waits in the outbox: this is another attempt to send it. It has its own month and recipients. */
  readonly resume?: string;
}

export interface ReportsPort {
  /** @param month absent: the last month that is over. Throws `CallError`. */
  write(accounts: readonly Resolved<AccountTarget>[], month: string | undefined, call: CallScope): Promise<WrittenReport>;
  /**
   * Writes and mails it, to each recipient a mail of its own. Who could not be reached for now is kept in the outbox, and a server that
   * stays tries again; the error says when. What waits in the outbox is sent by one server at a time, and never again once it was sent.
   * @throws CallError `invalid_input` for recipients that are not in the configuration
   */
  send(accounts: readonly Resolved<AccountTarget>[], what: ReportToSend, call: CallScope): Promise<SentReport>;
}
