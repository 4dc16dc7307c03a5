import { CallError } from '../call/errors.ts';
import { centsOfDecimal } from './cents.ts';

/** Throws `provider_unavailable` for an amount that is no decimal number, so that it is neither shown nor kept. @param what it is of */
export function refuseUnreadable(what: string, amount: string): void {
  if (centsOfDecimal(amount) === undefined) throw unreadable(`Cost Explorer gave an amount for ${what} that is no number: ${amount}.`);
}

/** For what no Cost Explorer would answer. */
export function unreadable(message: string): CallError {
  return new CallError('provider_unavailable', message, {
    remedy: 'Check AWS_ENDPOINT_URL and any proxy on the way: this does not look like AWS.',
    provider: { code: 'UnreadableReply' },
  });
}
