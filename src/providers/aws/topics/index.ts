import type { CallScope } from '../../../ports/call-scope.ts';
import type { Topics } from '../../../ports/mail.ts';
import { type AwsAccount, matchAccounts, settleAll } from '../accounts.ts';
import type { AwsContext } from '../context.ts';

/** SNS under the server's own identity. A notice that is published twice is read twice: nothing is sent again by itself. */
export function createTopics(context: AwsContext): Topics {
  return {
    async publish(arn, { subject, text }, call) {
      const [, , , region = '', accountId = ''] = arn.split(':');
      const scope = { account: await accountWith(context, accountId, call), region };
      const own = { ...call, actor: undefined };
      const Subject = subjectOf(subject);
      await context.sender.change('sns', scope, 'never', own, (sdk) => new sdk.PublishCommand({ TopicArn: arn, Subject, Message: text }));
    },
  };
}

/** The account whose own credentials are of the topic's account; else the first, which the topic's policy must then know. */
async function accountWith({ accounts, identify }: AwsContext, accountId: string, call: CallScope): Promise<AwsAccount> {
  const [first, ...others] = matchAccounts(accounts, {});
  if (others.length === 0) return first;
  const identities = await settleAll(accounts, (account) => identify(account, call));
  const index = identities.findIndex((each) => each.status === 'fulfilled' && each.value.ownAccountId === accountId);
  return accounts[index] ?? first;
}

/** Fewer than 100 characters without controls; e-mail subscribers get it as a header, so that ASCII is safest (SNS API Reference, "Publish"). */
function subjectOf(subject: string): string {
  const plain = subject
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();
  return plain.length < 100 ? plain : `${plain.slice(0, 96)}...`;
}
