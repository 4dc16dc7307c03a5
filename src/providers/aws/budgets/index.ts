import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsBudgets } from '../../../ports/cost-alerts.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { matchAccounts, settleAll } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { otherKind, stateOf } from './facts.ts';
import { putBudget } from './put.ts';
import { readBudgets, readNotices, type Wire } from './read.ts';

/** Where AWS Budgets is, whatever the regions of the account (AWS General Reference, "AWS Billing and Cost Management endpoints"). */
const region = 'us-east-1';

/** Budgets under the server's own identity: what is spent is no agent's own, and neither is who is told of it. */
export function createAwsBudgets({ accounts, sender }: AwsContext): AwsBudgets {
  const wireOf = ({ account, accountId }: AccountTarget, call: CallScope): Wire => ({
    sender,
    scope: { account: matchAccounts(accounts, { account })[0], region },
    call: { ...call, actor: undefined },
    accountId,
  });
  return {
    put: (account, change, complete, call) => putBudget(wireOf(account, call), change, complete, call.dryRun),
    async list(account, { limit, after }, call) {
      const wire = wireOf(account, call);
      const plain = (await readBudgets(wire)).filter((budget) => otherKind(budget) === undefined);
      const rest = plain
        .map((budget) => ({ name: budget.BudgetName ?? '', budget }))
        .filter(({ name }) => after === undefined || name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const read = await settleAll(rest.slice(0, limit), async ({ name, budget }) =>
        stateOf({ budget, notices: await readNotices(wire, name) }),
      );
      const budgets = read.map((each) => {
        if (each.status === 'rejected') throw each.reason;
        return each.value;
      });
      return { budgets, more: rest.length > limit };
    },
  };
}
