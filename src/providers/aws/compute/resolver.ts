/** Invariant: what policy decides on is what AWS says now; nothing here is cached but the account's number. */
import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceTarget, TargetRef } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import { type AwsAccount, checkAccountId } from '../accounts.ts';
import { findEverywhere } from '../find.ts';
import type { Sender } from '../send.ts';
import { toTarget } from './instance-facts.ts';
import { findInstance, noSuchInstance } from './instances-read.ts';

/** The instance wherever it is: an id names one instance in all of AWS, so that a place that does not answer cannot have another. */
export async function resolveInstance(
  accounts: readonly AwsAccount[],
  sender: Sender,
  ref: TargetRef<'Instance'>,
  call: CallScope,
): Promise<Found<InstanceTarget>> {
  const { targets } = await findEverywhere(
    accounts,
    ref,
    async (scope) => {
      const found = await findInstance(sender, scope, ref.id, call);
      if (!found) return undefined;
      checkAccountId(scope.account, found.ownerId);
      return toTarget(found.instance, found.ownerId, scope);
    },
    (where) => noSuchInstance(ref.id, where, 'target_unresolved'),
  );
  return { targets };
}
