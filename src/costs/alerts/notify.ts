import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { AlertSpec, AlertsPort, Threshold } from '../../ports/cost-alerts.ts';
import type { AccountTarget, Resolved } from '../../ports/domain.ts';
import type { StateStore } from '../../ports/state.ts';
import type { CombinedSpend } from './message.ts';
import { keptAlerts } from './own-alerts.ts';
import { dayMs, type Lane, lanesOf, type TellOptions, tellLane } from './tell.ts';
import { thresholdText } from './words.ts';

export interface NotifyOptions extends TellOptions {
  readonly store: Pick<StateStore, 'costAlerts'> & TellOptions['store'];
  /** May ask the clouds; throws `CallError`. */
  readonly combined: (accounts: readonly Resolved<AccountTarget>[], call: CallScope) => Promise<CombinedSpend>;
}

type Told = Awaited<ReturnType<AlertsPort['notify']>>;

interface Failure {
  readonly alert: string;
  readonly error: unknown;
}

export async function notify(options: NotifyOptions, accounts: readonly Resolved<AccountTarget>[], call: CallScope): Promise<Told> {
  const alerts = keptAlerts(options.store);
  if (alerts.length === 0) return { told: [] };
  const spend = await options.combined(accounts, call);
  const told: Told['told'] = [];
  const failures: Failure[] = [];
  for (const spec of alerts) {
    let crossed: Threshold[];
    let lanes: Lane[];
    try {
      crossed = crossedOf(spec, spend);
      lanes = crossed.length > 0 ? lanesOf(spec, options) : [];
    } catch (error) {
      if (isNews(options, spec, spend.month, call)) failures.push({ alert: spec.name, error });
      continue;
    }
    for (const result of await Promise.all(lanes.map((lane) => tellLane(options, spec, crossed, lane, spend, call)))) {
      for (const { threshold, to } of result.told) addTo(told, spec.name, threshold, to);
      failures.push(...result.failures.map((error) => ({ alert: spec.name, error })));
    }
  }
  const [first] = failures;
  if (first) throw failureOf(first, failures.length, told);
  const plan = {
    current: {},
    change: Object.fromEntries(told.map(({ name, threshold, to }) => [`${name} ${threshold}`, to.join(', ')])),
    providerChecked: false,
  };
  return { told, ...(spend.missing?.length ? { missing: [...spend.missing] } : {}), ...(call.dryRun ? { plan } : {}) };
}

/** What is wrong with an alert itself stays so until somebody corrects it, and is said once a day. */
function isNews({ store, now }: NotifyOptions, { name }: AlertSpec, month: string, { dryRun }: CallScope): boolean {
  if (dryRun) return true;
  const notice = [name, 'cannot be told of', month] as const;
  const again = now() + dayMs;
  if (!store.claimCostNotice(...notice, now(), again)) return false;
  store.giveBackCostNotice(...notice, again);
  return true;
}

/** More than the threshold, as AWS Budgets counts it too. */
function crossedOf(spec: AlertSpec, { currency, monthToDateCents, forecastCents }: CombinedSpend): Threshold[] {
  if (spec.currency !== currency) {
    throw new CallError(
      'provider_not_configured',
      `The alert ${spec.name} is in ${spec.currency}, and the budget of the configuration in ${currency}.`,
      {
        remedy: `Give it currency ${currency} and an amount with costs_set_alert (scope both), or remove it.`,
      },
    );
  }
  return spec.thresholds.filter(({ percent, on }) => {
    const cents = on === 'actual' ? monthToDateCents : forecastCents;
    // Percents have two places at most.
    return cents !== undefined && BigInt(cents) * 10_000n > BigInt(Math.round(percent * 100)) * BigInt(spec.cents);
  });
}

function addTo(told: Told['told'], name: string, threshold: Threshold, to: string): void {
  const text = thresholdText(threshold);
  const row = told.find((each) => each.name === name && each.threshold === text);
  if (row) row.to.push(to);
  else told.push({ name, threshold: text, to: [to] });
}

/** The effect is the ledger's to say: others may have been told. */
function failureOf({ alert, error }: Failure, count: number, told: Told['told']): unknown {
  if (!(error instanceof CallError)) return error;
  const others = count > 1 ? ` (${count} could not be sent in all)` : '';
  const sent = told.length > 0 ? ` Told of: ${told.map(({ name, threshold }) => `${name} ${threshold}`).join(', ')}.` : '';
  const { effect: _, ...details } = error.details;
  return new CallError(error.code, `The alert ${alert} could not be told of${others}: ${error.message}${sent}`, {
    ...details,
    remedy: `${details.remedy} The server tries again what was not sent, within a day where it was refused; what may have arrived, once more at most.`,
  });
}
