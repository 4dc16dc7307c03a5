import type { Budget, Expression, Notification, Spend, Subscriber } from '@aws-sdk/client-budgets';
import type { CallError } from '../../../call/errors.ts';
import type { AlertSpec, BudgetState, Threshold } from '../../../ports/cost-alerts.ts';
import { answered } from '../errors.ts';

/** One threshold of a budget, and who is told. */
export interface Notice {
  readonly notification: Notification;
  /** None where they could not be read. */
  readonly subscribers: readonly Subscriber[];
  /** Why they could not be read. */
  readonly unread?: CallError;
}

export interface FoundBudget {
  readonly budget: Budget;
  readonly notices: readonly Notice[];
}

/** Why it is none of the budgets that this port keeps (one amount for every month, over all that the account costs); undefined if it is one. */
export function otherKind(budget: Budget): string | undefined {
  if (budget.BudgetType !== 'COST') return `it counts ${budget.BudgetType}`;
  if (budget.TimeUnit !== 'MONTHLY') return `its period is ${budget.TimeUnit}`;
  if (budget.AutoAdjustData) return 'AWS adjusts its amount';
  if (Object.keys(budget.PlannedBudgetLimits ?? {}).length > 0) return 'it has an amount of its own for each month';
  if (Object.keys(budget.CostFilters ?? {}).length > 0 || narrows(budget.FilterExpression)) return 'it counts a part of the account alone';
  if (budget.BillingViewArn && !budget.BillingViewArn.endsWith(':billingview/primary')) return 'it counts a billing view of its own';
  return undefined;
}

/** What a budget counts of taxes, credits and refunds is written as a filter by charge type; it is the whole account all the same. */
function narrows(filter: Expression | undefined): boolean {
  if (!filter) return false;
  const { And = [], Or = [], Not, Dimensions, Tags, CostCategories } = filter;
  if (Tags || CostCategories || (Dimensions && Dimensions.Key !== 'RECORD_TYPE')) return true;
  return [...And, ...Or, ...(Not ? [Not] : [])].some(narrows);
}

/** Integer cents of an amount as AWS writes it: `100.0`. More than two places are rounded. */
export function centsOf({ Amount = '' }: Spend): number {
  const [, whole, part = ''] = answered(/^(\d{1,13})(?:\.(\d*))?$/.exec(Amount) ?? undefined, 'DescribeBudget');
  return Number(whole) * 100 + Math.round(Number(`0.${part}0`) * 100);
}

/** `100.00` */
export function decimalOf(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

export function spendOf({ cents, currency }: Pick<AlertSpec, 'cents' | 'currency'>): Spend {
  return { Amount: decimalOf(cents), Unit: currency };
}

export function notificationOf({ percent, on }: Threshold): Notification {
  return {
    NotificationType: on === 'actual' ? 'ACTUAL' : 'FORECASTED',
    ComparisonOperator: 'GREATER_THAN',
    Threshold: percent,
    ThresholdType: 'PERCENTAGE',
  };
}

export function subscribersOf({ emails, topics }: Pick<AlertSpec, 'emails' | 'topics'>): Subscriber[] {
  return [
    ...emails.map((Address) => ({ SubscriptionType: 'EMAIL', Address }) as const),
    ...topics.map((Address) => ({ SubscriptionType: 'SNS', Address }) as const),
  ];
}

/** The other way round. */
export function toldOf(subscribers: readonly Subscriber[]): Pick<AlertSpec, 'emails' | 'topics'> {
  const addresses = (type: Subscriber['SubscriptionType']) =>
    subscribers.filter(({ SubscriptionType }) => SubscriptionType === type).map(({ Address = '' }) => Address);
  return { emails: addresses('EMAIL'), topics: addresses('SNS') };
}

/** What tells one from another; its state does not. A threshold without a type is a percentage. */
export function notificationKey({ NotificationType, ComparisonOperator, Threshold, ThresholdType = 'PERCENTAGE' }: Notification): string {
  return [NotificationType, ComparisonOperator, Threshold, ThresholdType].join(' ');
}

export function subscriberKey({ SubscriptionType, Address = '' }: Subscriber): string {
  return `${SubscriptionType} ${SubscriptionType === 'EMAIL' ? Address.toLowerCase() : Address}`;
}

export function unreadOf(notices: readonly Notice[]): CallError | undefined {
  return notices.find(({ unread }) => unread)?.unread;
}

export function stateOf({ budget, notices }: FoundBudget): BudgetState {
  const limit = answered(budget.BudgetLimit, 'DescribeBudget');
  const cents = centsOf(limit);
  const to = new Map(notices.flatMap(({ subscribers }) => subscribers.map((each) => [subscriberKey(each), each] as const)));
  const { ActualSpend, ForecastedSpend } = budget.CalculatedSpend ?? {};
  const unread = unreadOf(notices);
  return {
    name: budget.BudgetName ?? '',
    cents,
    currency: limit.Unit ?? '',
    thresholds: notices
      .map(({ notification }) => thresholdOf(notification, cents))
      .sort((a, b) => a.percent - b.percent || (a.on < b.on ? -1 : 1)),
    ...toldOf([...to.values()]),
    ...(unread ? { unread } : {}),
    ...(ActualSpend?.Amount === undefined ? {} : { spent: ActualSpend.Amount }),
    ...(ForecastedSpend?.Amount === undefined ? {} : { forecast: ForecastedSpend.Amount }),
  };
}

function thresholdOf({ NotificationType, Threshold = 0, ThresholdType }: Notification, cents: number): Threshold {
  const percent = ThresholdType === 'ABSOLUTE_VALUE' ? Math.round((Threshold * 1_000_000) / Math.max(1, cents)) / 100 : Threshold;
  return { percent, on: NotificationType === 'FORECASTED' ? 'forecast' : 'actual' };
}
