/** Invariant: a mail leaves at most once a call: SES gives each a Message-ID of its own, so that nobody would recognise a second. */
import type { RawMail } from '../../../ports/mail.ts';
import { matchAccounts } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';

/** SES, under the server's own identity: what is mailed is the server's word, whoever asked for it. */
export function createRawMail({ accounts, sender }: AwsContext): RawMail {
  return {
    async send({ account, region, address }, to, mime, call) {
      const scope = { account: matchAccounts(accounts, { account })[0], region };
      const { MessageId } = await sender.change(
        'ses',
        scope,
        'never',
        { ...call, actor: undefined },
        (sdk) =>
          new sdk.SendEmailCommand({
            FromEmailAddress: address,
            Destination: { ToAddresses: [...to] },
            Content: { Raw: { Data: mime } },
          }),
      );
      answered(MessageId, 'SendEmail');
    },
  };
}
