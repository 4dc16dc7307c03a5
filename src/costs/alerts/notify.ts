/**
 * Invariant: a threshold is claimed before anybody is told of it, for each way of telling and each month by exactly one server; what
 * could not be sent is given back, so that it is tried again and never forgotten.
 */
import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { AlertSpec, AlertsPort, Threshold } from '../../ports/cost-alerts.ts';
import type { AccountTarget, MissingPart, Resolved } from '../../ports/domain.ts';
import type { Mailer, Topics } from '../../ports/mail.ts';
import type { StateStore } from '../../ports/state.ts';
import { type Message, messageOf } from './message.ts';
import { keptAlerts } from './own-alerts.ts';
import { type AlertSettings, ownRecipients } from './recipients.ts';
import { amountOf, thresholdText } from './words.ts';

/** Both clouds and the ledger. */
export interface CombinedSpend {
  /** `2026-11`, in UTC. */
  readonly month: string;
  /** The budget's. */
  readonly currency: string;
  /** Integer cents. */
  readonly monthToDateCents: number;
  /** Of the whole month. */
  readonly forecastCents?: number;
  /** What is not in the sums, or old. */
  readonly missing?: readonly MissingPart[];
}

export interface NotifyOptions {
  readonly topics: Topics;
  readonly mailer: Mailer;
  readonly store: Pick<StateStore, 'costAlerts' | 'claimCostNotice' | 'giveBackCostNotice' | 'costNotices'>;
  /** May ask the clouds; throws `CallError`. */
  readonly combined: (accounts: readonly Resolved<AccountTarget>[], call: CallScope) => Promise<CombinedSpend>;
  readonly settings: AlertSettings;
  readonly now: () => number;
}

type Told = Awaited<ReturnType<AlertsPort['notify']>>;

/** One mail to all, or one topic: told of by itself, so that one that fails does not make the others hear it twice. */
interface Channel {
  readonly name: string;
  readonly to: readonly string[];
  send(message: Message, call: CallScope): Promise<void>;
}

export async function notify(options: NotifyOptions, accounts: readonly Resolved<AccountTarget>[], call: CallScope): Promise<Told> {
  const alerts = keptAlerts(options.store);
  if (alerts.length === 0) return { told: [] };
  const spend = await options.combined(accounts, call);
  const told: Told['told'] = [];
  const failures: { readonly alert: string; readonly error: unknown }[] = [];
  for (const spec of alerts) {
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        failures.push({ alert: spec.name, error });
      }
    };
    await attempt(async () => {
      const crossed = crossedOf(spec, spend);
      if (crossed.length === 0) return;
      for (const channel of channelsOf(spec, options))
        await attempt(async () => {
          const thresholds = await tell(options, spec, crossed, channel, spend, call);
          for (const threshold of thresholds) addTo(told, spec.name, threshold, channel.to);
        });
    });
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

/** More than the threshold, as AWS Budgets counts it too. */
function crossedOf(spec: AlertSpec, { currency, monthToDateCents, forecastCents }: CombinedSpend): Threshold[] {
  if (spec.currency !== currency) {
    throw new CallError(
      'provider_not_configured',
      `The alert ${spec.name} is in ${spec.currency}, and the budget of the configuration in ${currency}.`,
      {
        remedy: `Set the alert again with costs_set_alert, in ${currency}.`,
      },
    );
  }
  return spec.thresholds.filter(({ percent, on }) => {
    const cents = on === 'actual' ? monthToDateCents : forecastCents;
    // Percents have two places at most.
    return cents !== undefined && BigInt(cents) * 10_000n > BigInt(Math.round(percent * 100)) * BigInt(spec.cents);
  });
}

function channelsOf(spec: AlertSpec, { mailer, topics, settings }: NotifyOptions): Channel[] {
  const to = ownRecipients(spec, settings);
  const mail: Channel = { name: 'mail', to: to.emails, send: (message, call) => mailer.send({ to: to.emails, ...message }, call) };
  return [
    ...(to.emails.length > 0 ? [mail] : []),
    ...to.topics.map((arn): Channel => ({ name: arn, to: [arn], send: (message, call) => topics.publish(arn, message, call) })),
  ];
}

/** Thresholds that this channel was told of now. */
async function tell(
  { store, now }: NotifyOptions,
  spec: AlertSpec,
  crossed: readonly Threshold[],
  channel: Channel,
  spend: CombinedSpend,
  call: CallScope,
): Promise<readonly Threshold[]> {
  const { month } = spend;
  const keyOf = (threshold: Threshold) => `${noticeKey(spec, threshold)}${channel.name}`;
  if (call.dryRun) {
    const before = new Set(store.costNotices(spec.name, month));
    return crossed.filter((threshold) => !before.has(keyOf(threshold)));
  }
  refuseIfCancelled(call);
  const claimed = crossed.filter((threshold) => store.claimCostNotice(spec.name, keyOf(threshold), month, now()));
  if (claimed.length === 0) return [];
  try {
    await channel.send(messageOf(spec, claimed, spend), call);
  } catch (error) {
    for (const threshold of claimed) store.giveBackCostNotice(spec.name, keyOf(threshold), month);
    throw error;
  }
  return claimed;
}

/** Another amount is another threshold. */
export function noticeKey(spec: AlertSpec, threshold: Threshold): string {
  return `${amountOf(spec)} ${thresholdText(threshold)} `;
}

function addTo(told: Told['told'], name: string, threshold: Threshold, to: readonly string[]): void {
  const text = thresholdText(threshold);
  const row = told.find((each) => each.name === name && each.threshold === text);
  if (row) row.to.push(...to);
  else told.push({ name, threshold: text, to: [...to] });
}

function refuseIfCancelled({ signal }: CallScope): void {
  if (!signal.aborted) return;
  throw new CallError('cancelled', 'The call was cancelled before everybody was told.', { remedy: 'Call again: nobody is told twice.' });
}

function failureOf({ alert, error }: { readonly alert: string; readonly error: unknown }, count: number, told: Told['told']): unknown {
  if (!(error instanceof CallError)) return error;
  const others = count > 1 ? ` (${count} could not be sent in all)` : '';
  const sent = told.length > 0 ? ` Told of: ${told.map(({ name, threshold }) => `${name} ${threshold}`).join(', ')}.` : '';
  return new CallError(error.code, `The alert ${alert} could not be told of${others}: ${error.message}${sent}`, {
    ...error.details,
    remedy: `${error.details.remedy} What was not sent is tried again with the next costs_notify; nobody is told twice.`,
    cause: error.cause,
  });
}
