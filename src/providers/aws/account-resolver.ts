import type { CallScope } from '../../ports/call-scope.ts';
import type { AccountTarget, TargetRef } from '../../ports/domain.ts';
import type { Found, Unasked } from '../../ports/resolve.ts';
import { type AwsAccount, matchAccounts, settleAll } from './accounts.ts';
import type { Identify } from './identity.ts';
import { missingPart } from './pages.ts';

/** Accounts that match, and those of them whose credentials did not answer. */
export async function findAccounts(
  accounts: readonly AwsAccount[],
  identify: Identify,
  ref: TargetRef<'Account'>,
  call: CallScope,
): Promise<Found<AccountTarget>> {
  const matching = matchAccounts(accounts, ref);
  const answers = await settleAll(matching, (account) => identify(account, call));
  const targets: AccountTarget[] = [];
  const unasked: Unasked[] = [];
  matching.forEach((account, index) => {
    const answer = answers[index];
    const regions = ref.region === undefined ? account.regions : [ref.region];
    if (answer?.status === 'fulfilled') {
      const { accountId } = answer.value;
      targets.push({ type: 'Account', id: account.name, provider: 'aws', account: account.name, accountId, regions, tags: {} });
    } else {
      const { region: _, ...part } = missingPart({ account, region: '' }, answer?.reason);
      unasked.push({ part, error: answer?.reason });
    }
  });
  return { targets, unasked };
}
