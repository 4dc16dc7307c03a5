import type { CallScope } from '../../ports/call-scope.ts';
import type { ReportsPort, ReportToSend, SentReport, WrittenReport } from '../../ports/cost-reports.ts';
import type { AccountTarget, Resolved } from '../../ports/domain.ts';
import { collect, type Needs, type Sources } from './collect.ts';
import { csvOf } from './csv.ts';
import { lastMonth } from './last-month.ts';
import { pageOf } from './page.ts';
import { type PostOptions, resumeReport, sendReport } from './post.ts';
import { lackOf, totalsOf } from './summary.ts';
import { textOf } from './text.ts';
import { monthTitle } from './words.ts';

export type ReportsOptions = Sources & Omit<PostOptions, 'write'>;

/** The month's report: written for whoever asks, mailed to those whom the configuration names. */
export function createReports(options: ReportsOptions): ReportsPort {
  const write = async (
    accounts: readonly Resolved<AccountTarget>[],
    month: string | undefined,
    call: CallScope,
    needs?: Needs,
  ): Promise<WrittenReport> => {
    const data = await collect(options, accounts, month ?? lastMonth(options.now()), call, needs);
    const subject = `Cloud costs ${monthTitle(data.month)}${lackOf(data)}: ${totalsOf(data)}${data.incomplete ? ' (provisional)' : ''}`;
    return { month: data.month, subject, text: textOf(data), html: pageOf(data), csv: csvOf(data) };
  };
  const post = { ...options, write };
  return {
    write: (accounts, month, call) => write(accounts, month, call),
    send: (accounts, what: ReportToSend, call): Promise<SentReport> =>
      what.resume === undefined ? sendReport(post, accounts, what, call) : resumeReport(post, accounts, what.resume, call),
  };
}
