import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { AlertChange, AlertSpec, AlertsPort } from '../../ports/cost-alerts.ts';
import type { StateStore } from '../../ports/state.ts';
import { completed } from './completed.ts';
import { type AlertSettings, ownRecipients, refuseStrangers } from './recipients.ts';
import { amountOf, thresholdText } from './words.ts';

/** Combined alerts, by name: kept by this server, since no cloud knows of the other. */
export function keptAlerts(store: Pick<StateStore, 'costAlerts'>): AlertSpec[] {
  // Written by `putOwnAlert`, in a folder that the server trusts.
  return store.costAlerts().map(({ spec }) => JSON.parse(spec) as AlertSpec);
}

/** Throws `CallError`; see `AlertsPort.set`. */
export function putOwnAlert(
  store: Pick<StateStore, 'putCostAlert' | 'costAlerts'>,
  settings: AlertSettings,
  change: AlertChange,
  call: CallScope,
): Awaited<ReturnType<AlertsPort['set']>> {
  const { currency } = settings.budget;
  const before = keptAlerts(store).find(({ name }) => name === change.name);
  const recipients = { emails: change.emails ?? before?.emails ?? [], topics: change.topics ?? before?.topics ?? [] };
  const spec = completed(change, before, currency, recipients);
  if (spec.currency !== currency) {
    throw new CallError(
      'invalid_input',
      `An alert over both clouds counts in ${currency}, the currency of costs.budget, not in ${spec.currency}.`,
      {
        remedy: `Give currency ${currency} and the amount in it, or change costs.budget in ziggie.yaml.`,
      },
    );
  }
  refuseStrangers(change, settings);
  const { emails, topics } = ownRecipients(spec, settings);
  const to = [...emails, ...topics];
  const outcome = before === undefined ? 'created' : textOf(before) === textOf(spec) ? 'unchanged' : 'updated';
  if (call.dryRun)
    return { outcome, to, plan: { current: before ? shown(before) : {}, change: changed(before, spec), providerChecked: false } };
  if (outcome === 'unchanged') return { outcome, to };
  write(call, () => store.putCostAlert({ name: spec.name, spec: textOf(spec) }));
  return { outcome, to };
}

/** Throws `CallError`; see `AlertsPort.remove`. */
export function removeOwnAlert(
  store: Pick<StateStore, 'removeCostAlert' | 'costAlerts'>,
  name: string,
  call: CallScope,
): Awaited<ReturnType<AlertsPort['remove']>> {
  const alerts = keptAlerts(store);
  const before = alerts.find((each) => each.name === name);
  if (!before) {
    const names = alerts.map((each) => each.name).join(', ');
    throw new CallError('invalid_input', `There is no alert ${name} over both clouds.`, {
      remedy: names === '' ? 'There is none at all: nothing is left to remove.' : `Give one of ${names}.`,
    });
  }
  if (call.dryRun)
    return { outcome: 'removed', to: [], plan: { current: shown(before), change: { alert: 'removed' }, providerChecked: false } };
  write(call, () => store.removeCostAlert(name));
  return { outcome: 'removed', to: [] };
}

function write({ signal, ledger }: CallScope, work: () => void): void {
  if (signal.aborted)
    throw new CallError('cancelled', 'The call was cancelled before anything was kept.', { remedy: 'Call again if you still want it.' });
  const settle = ledger.attempt();
  work();
  settle('applied');
}

/** The same for the same alert, in whatever order it was given. */
function textOf({ name, cents, currency, thresholds, emails, topics }: AlertSpec): string {
  const rows = thresholds.map(({ percent, on }) => ({ percent, on })).sort((a, b) => a.percent - b.percent || (a.on < b.on ? -1 : 1));
  return JSON.stringify({ name, cents, currency, thresholds: rows, emails: [...emails].sort(), topics: [...topics].sort() });
}

function changed(before: AlertSpec | undefined, spec: AlertSpec): Record<string, string> {
  const current = before ? shown(before) : {};
  return Object.fromEntries(Object.entries(shown(spec)).filter(([key, text]) => current[key] !== text));
}

function shown(spec: AlertSpec): Record<string, string> {
  return {
    amount: amountOf(spec),
    thresholds: spec.thresholds.map(thresholdText).sort().join(', '),
    to: [...spec.emails, ...spec.topics].sort().join(', ') || 'everybody in costs.recipients and costs.topics',
  };
}
