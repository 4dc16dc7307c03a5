/** Invariant: this server mails nobody but those whom its configuration names. */
import { CallError } from '../../call/errors.ts';

export interface MailRights {
  readonly recipients: readonly string[];
  readonly canMail: boolean;
}

const remedy = 'Use addresses of costs.recipients in ziggie.yaml, or have one added there.';

/**
 * Whom a report goes to, in the spelling of the configuration.
 * @param to absent: everybody
 * @throws CallError `invalid_input` for an address that is not in the configuration, `provider_not_configured` where nobody can be mailed
 */
export function chosenRecipients(to: readonly string[] | undefined, { recipients, canMail }: MailRights): string[] {
  if (to?.length === 0) throw refused('There is nobody in "to".');
  for (const address of to ?? []) {
    if (/[\p{Cc}\u2028\u2029]/u.test(address)) throw refused('An address in "to" holds a line break or another control character.');
    if (!known(address, recipients)) throw refused(`${JSON.stringify(address)} is none of the recipients in costs.recipients.`);
  }
  if (!canMail)
    throw notConfigured(
      'This server has no way to send mail.',
      'Set costs.mail in ziggie.yaml (from, and either smtp or ses), and restart.',
    );
  if (recipients.length === 0)
    throw notConfigured('Nobody is to get reports.', 'Name addresses in costs.recipients in ziggie.yaml, and restart.');
  return [...new Set((to ?? recipients).flatMap((address) => known(address, recipients) ?? []))];
}

function known(address: string, recipients: readonly string[]): string | undefined {
  return recipients.find((each) => each.toLowerCase() === address.toLowerCase());
}

function refused(message: string): CallError {
  return new CallError('invalid_input', message, { remedy, effect: 'none' });
}

function notConfigured(message: string, what: string): CallError {
  return new CallError('provider_not_configured', message, { remedy: what, effect: 'none' });
}
