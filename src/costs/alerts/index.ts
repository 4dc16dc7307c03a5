import { CallError } from '../../call/errors.ts';
import type { AlertsPort, AwsBudgets } from '../../ports/cost-alerts.ts';
import type { AccountTarget, Resolved } from '../../ports/domain.ts';
import type { StateStore } from '../../ports/state.ts';
import { completed } from './completed.ts';
import { type ListOptions, listAlerts } from './list.ts';
import { type NotifyOptions, notify } from './notify.ts';
import { putOwnAlert, removeOwnAlert } from './own-alerts.ts';
import { awsRecipients, refuseTooMany } from './recipients.ts';

export type { CombinedSpend } from './message.ts';
export type { AlertSettings } from './recipients.ts';

export interface AlertsOptions extends NotifyOptions, ListOptions {
  readonly budgets: AwsBudgets;
  readonly store: Pick<StateStore, 'putCostAlert' | 'removeCostAlert'> & NotifyOptions['store'] & ListOptions['store'];
}

/** Budgets of AWS, which AWS watches by itself, and budgets over both clouds, which `notify` watches. */
export function createAlerts(options: AlertsOptions): AlertsPort {
  const { budgets, store, settings } = options;
  return {
    async set(accounts, scope, change, call) {
      if (scope === 'both') return putOwnAlert(store, settings, change, call);
      const account = theOne(accounts);
      refuseTooMany(change, 'given are');
      return budgets.put(account, change, (there) => completed(change, there, 'USD', awsRecipients(change, there, settings)), call);
    },
    remove: async (name, call) => removeOwnAlert(store, name, call),
    list: (accounts, page, call) => listAlerts(options, accounts, page, call),
    notify: (accounts, call) => notify(options, accounts, call),
  };
}

/** A budget of AWS is of one account. */
function theOne(accounts: readonly Resolved<AccountTarget>[]): Resolved<AccountTarget> {
  const own = accounts.filter(({ provider }) => provider === 'aws');
  const [first, ...others] = own;
  if (!first) {
    throw new CallError('provider_not_configured', 'There is no AWS account that could have a budget.', {
      remedy: 'Add the account to ziggie.yaml, or use scope both: such an alert is watched by this server.',
    });
  }
  if (others.length === 0) return first;
  const names = own.map(({ account }) => account).join(', ');
  throw new CallError('invalid_input', `A budget of AWS is of one account, and there are ${own.length}.`, {
    remedy: `Give account: one of ${names}.`,
  });
}
