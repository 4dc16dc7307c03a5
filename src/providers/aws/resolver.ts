/** Invariant: what policy decides on is what AWS says now; nothing here is cached but the account's number. */
import { CallError } from '../../call/errors.ts';
import type { ComputeResolver } from '../../ports/compute.ts';
import type { Provider } from '../../ports/domain.ts';
import { type AwsAccount, checkAccountId, matchAccounts, type Scope, scopeKey, settleAll } from './accounts.ts';
import type { Identify } from './identity.ts';
import { toTarget } from './instance-facts.ts';
import { findInstance, noSuchInstance } from './instances-read.ts';
import type { Sender } from './send.ts';

export function createResolver(accounts: readonly AwsAccount[], sender: Sender, identify: Identify): ComputeResolver {
  return {
    async accounts(ref, call) {
      refuseHostinger(ref.provider);
      const matching = matchAccounts(accounts, ref);
      const identities = await settleAll(matching, (account) => identify(account, call));
      return matching.map((account, index) => ({
        type: 'Account',
        id: account.name,
        provider: 'aws',
        account: account.name,
        accountId: settled(identities[index]).accountId,
        regions: ref.region === undefined ? account.regions : [ref.region],
        tags: {},
      }));
    },

    async instance(ref, call) {
      refuseHostinger(ref.provider);
      const { id, region } = ref;
      if (id === undefined)
        throw new CallError('invalid_input', 'The id of the instance is missing.', { remedy: 'Give the id of one instance.' });
      const scopes: Scope[] = matchAccounts(accounts, ref).flatMap((account) =>
        (region === undefined ? account.regions : [region]).map((each) => ({ account, region: each })),
      );
      const answers = await settleAll(scopes, (scope) => findInstance(sender, scope, id, call));
      const found = answers.flatMap((answer, index) => {
        const scope = scopes[index];
        return scope && answer.status === 'fulfilled' && answer.value ? [{ scope, ...answer.value }] : [];
      });
      const [first, second] = found;
      if (first && second) {
        const places = found.map(({ scope }) => scopeKey(scope)).join(', ');
        throw new CallError('target_unresolved', `The id ${id} exists in more than one place: ${places}.`, {
          remedy: 'Name the region. If two configured accounts are one and the same, remove one of them from ziggie.yaml.',
        });
      }
      if (first) {
        checkAccountId(first.scope.account, first.ownerId);
        return toTarget(first.instance, first.ownerId, first.scope);
      }
      // A place that could not be asked may be the very one.
      for (const answer of answers) settled(answer);
      throw noSuchInstance(id, scopes.map(scopeKey).join(', '), 'target_unresolved');
    },
  };
}

function settled<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result?.status === 'fulfilled') return result.value;
  throw result?.reason;
}

function refuseHostinger(provider: Provider | undefined): void {
  if (provider !== 'hostinger') return;
  throw new CallError('provider_not_configured', 'Hostinger is not configured in this server.', {
    remedy: 'Use provider aws. Hostinger needs HOSTINGER_API_TOKEN and a version of this server that has its adapter.',
  });
}
