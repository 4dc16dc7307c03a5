import { createHash } from 'node:crypto';
import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { WrittenReport } from '../../ports/cost-reports.ts';
import type { AccountTarget } from '../../ports/domain.ts';
import type { Mailer, RefusedRecipient } from '../../ports/mail.ts';

/** What became of a report. */
export interface Delivery {
  /** Who has it. */
  readonly sent: readonly string[];
  /** Who does not have it, and may later. */
  readonly waiting: readonly string[];
  /** Why the first of those who do not have it does not. */
  readonly problem?: CallError;
}

/** One mail to all. Throws `CallError` only where nobody will have it. */
export async function deliver(
  mailer: Mailer,
  { month, subject, text, html, csv }: WrittenReport,
  to: readonly string[],
  id: string,
  call: CallScope,
): Promise<Delivery> {
  const refused: RefusedRecipient[] = [];
  const attachments = [{ name: `cloud-costs-${month}.csv`, type: 'text/csv; charset=utf-8', content: csv }];
  try {
    await mailer.send({ to, subject, text, html, attachments, id }, call, (each) => refused.push(each));
  } catch (error) {
    if (!(error instanceof CallError) || !isForLater(error)) throw error;
    return { sent: [], waiting: to, problem: error };
  }
  const waiting = refused.filter(({ isForNow }) => isForNow).map((each) => each.to);
  const [first] = refused;
  return {
    sent: to.filter((each) => refused.every(({ to: other }) => other !== each)),
    waiting,
    ...(first ? { problem: withoutSome(refused) } : {}),
  };
}

/** Whether it may be sent another time. */
export function isForLater({ details }: CallError): boolean {
  return details.retryable === true;
}

const recipientRefused = 'RecipientRefused';

/** Whether nobody is left who may get it (`Mailer.send`). */
export function isRefusedByAll({ details }: CallError): boolean {
  return details.provider?.code === recipientRefused;
}

/** The same for the same report; of two installations that mail the same people, each has its own. */
export function messageIdOf(id: string, accounts: readonly AccountTarget[]): string {
  const whose = accounts.map(({ accountId }) => accountId);
  return `ziggie-costs-${createHash('sha256')
    .update(JSON.stringify([id, whose]))
    .digest('hex')
    .slice(0, 32)}`;
}

function withoutSome(refused: readonly RefusedRecipient[]): CallError {
  const names = refused.map(({ to }) => to).join(', ');
  return new CallError('provider_rejected', `The mail server refused ${names}. The others have the report.`, {
    remedy: `Correct or remove ${names} in costs.recipients. Do not send it to all again: "to" sends it to some.`,
    provider: { code: recipientRefused, message: refused.map(({ why }) => why).join(' ') },
  });
}
