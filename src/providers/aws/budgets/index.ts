import type { Budget } from '@aws-sdk/client-budgets';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsBudgets, BudgetState } from '../../../ports/cost-alerts.ts';
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
      const read = await settleAll(rest.slice(0, limit), ({ name, budget }) => shownState(wire, name, budget));
      const budgets = read.map((each) => {
        if (each.status === 'rejected') throw each.reason;
        return each.value;
      });
      return { budgets, more: rest.length > limit };
    },
  };
}

/** What of one budget cannot be read hides neither the rest of it nor other budgets. */
async function shownState(wire: Wire, name: string, budget: Budget): Promise<BudgetState> {
  try {
    return stateOf({ budget, notices: await readNotices(wire, name, isBorne) });
  } catch (error) {
    if (!(error instanceof CallError) || !isBorne(error)) throw error;
    return { ...stateOf({ budget, notices: [] }), unread: error };
  }
}

/** A cancelled call is no fault of the budget. */
function isBorne({ code }: CallError): boolean {
  return code !== 'cancelled';
}
