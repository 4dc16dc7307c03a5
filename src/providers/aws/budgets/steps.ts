import type { Budget, Notification, Subscriber } from '@aws-sdk/client-budgets';
import type { MetadataBearer } from '@smithy/types';
import { CallError } from '../../../call/errors.ts';
import type { AlertChange, AlertSpec } from '../../../ports/cost-alerts.ts';
import type { Loaded } from '../clients.ts';
import type { CommandOf } from '../send.ts';
import {
  centsOf,
  type FoundBudget,
  type Notice,
  notificationKey,
  notificationOf,
  spendOf,
  subscriberKey,
  subscribersOf,
  toldOf,
} from './facts.ts';
import type { Wire } from './read.ts';

/** One request that brings a budget nearer to what it should be. Sent twice, it fails or does nothing. */
export type Step = (wire: Wire) => Promise<unknown>;

type Sdk = Loaded<'budgets'>['sdk'];

/** The request that one command is, for the account of whoever sends it. */
function step<I extends object, O extends MetadataBearer>(build: (sdk: Sdk, accountId: string) => CommandOf<I, O>): Step {
  return ({ sender, scope, call, accountId }) => sender.change('budgets', scope, 'natural', call, (sdk) => build(sdk, accountId));
}

export function create(spec: AlertSpec): Step {
  const Budget: Budget = { BudgetName: spec.name, BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: spendOf(spec) };
  const Subscribers = subscribersOf(spec);
  const NotificationsWithSubscribers = spec.thresholds.map((each) => ({ Notification: notificationOf(each), Subscribers }));
  return step((sdk, AccountId) => new sdk.CreateBudgetCommand({ AccountId, Budget, NotificationsWithSubscribers }));
}

/**
 * What is to be sent so that a budget is what was asked for; nothing for one that is, and nothing of what was left out: each threshold
 * keeps its own subscribers of a kind that was not given. What is there in another's place is turned into
 * what is missing first, so that no limit is passed and no threshold is without anybody to tell on the way.
 */
export function stepsTo(spec: AlertSpec, change: AlertChange, { budget, notices }: FoundBudget): Step[] {
  const wanted =
    change.thresholds || notices.length === 0 ? spec.thresholds.map(notificationOf) : notices.map(({ notification }) => notification);
  const keys = new Set(wanted.map(notificationKey));
  const there = new Map(notices.map((notice) => [notificationKey(notice.notification), notice]));
  const surplus = notices.filter(({ notification }) => !keys.has(notificationKey(notification)));
  const missing = wanted.filter((each) => !there.has(notificationKey(each)));
  const kept = wanted.flatMap((each) => there.get(notificationKey(each)) ?? []);
  const towards = (notice: Notice) => {
    // Nothing can be said of those that could not be read: they stay.
    if (notice.unread) return [];
    const { emails, topics } = toldOf(notice.subscribers);
    const told = subscribersOf({ emails: change.emails ?? emails, topics: change.topics ?? topics });
    return subscriberSteps(spec.name, notice, someOf(spec.name, told));
  };
  return [
    ...(isLimit(spec, budget) ? [] : [updateBudget(budget, spec)]),
    ...missing.flatMap((notification, index) => {
      const turned = surplus[index];
      if (!turned) return [createNotification(spec.name, notification, someOf(spec.name, subscribersOf(spec)))];
      return [turnNotification(spec.name, turned.notification, notification), ...towards({ ...turned, notification })];
    }),
    ...kept.flatMap(towards),
    ...surplus.slice(missing.length).map(({ notification }) => deleteNotification(spec.name, notification)),
  ];
}

/** AWS has no threshold that tells nobody. */
function someOf(name: string, subscribers: Subscriber[]): Subscriber[] {
  if (subscribers.length > 0) return subscribers;
  throw new CallError('invalid_input', `A threshold of the budget ${name} would tell nobody.`, {
    remedy: 'Give emails or topics that each threshold tells. Budgets of AWS are removed in its console, under Billing.',
  });
}

function isLimit({ cents, currency }: AlertSpec, { BudgetLimit }: Budget): boolean {
  return BudgetLimit !== undefined && BudgetLimit.Unit === currency && centsOf(BudgetLimit) === cents;
}

/** The whole budget anew: what it counts, and since when, stays. */
function updateBudget(budget: Budget, spec: AlertSpec): Step {
  const { BudgetName, BudgetType, TimeUnit, TimePeriod, BillingViewArn, CostTypes, Metrics, FilterExpression } = budget;
  // AWS shows what is counted in its older and its newer words, and takes one of them.
  const counted =
    FilterExpression && Object.keys(FilterExpression).length > 0 ? { Metrics, FilterExpression } : CostTypes ? { CostTypes } : { Metrics };
  const kept = { BudgetName, BudgetType, TimeUnit, TimePeriod, BillingViewArn, ...counted };
  const NewBudget: Budget = { ...kept, BudgetLimit: spendOf(spec) };
  return step((sdk, AccountId) => new sdk.UpdateBudgetCommand({ AccountId, NewBudget }));
}

function createNotification(BudgetName: string, Notification: Notification, Subscribers: Subscriber[]): Step {
  return step((sdk, AccountId) => new sdk.CreateNotificationCommand({ AccountId, BudgetName, Notification, Subscribers }));
}

function turnNotification(BudgetName: string, old: Notification, NewNotification: Notification): Step {
  const OldNotification = withoutState(old);
  return step((sdk, AccountId) => new sdk.UpdateNotificationCommand({ AccountId, BudgetName, OldNotification, NewNotification }));
}

function deleteNotification(BudgetName: string, notification: Notification): Step {
  const Notification = withoutState(notification);
  return step((sdk, AccountId) => new sdk.DeleteNotificationCommand({ AccountId, BudgetName, Notification }));
}

/** A notification takes one topic and ten addresses, and keeps at least one of either: one is turned into another of its type, then added, then taken away. */
function subscriberSteps(BudgetName: string, { notification, subscribers }: Notice, wanted: readonly Subscriber[]): Step[] {
  const Notification = withoutState(notification);
  const place = { BudgetName, Notification };
  const [turned, added, removed] = exchange(subscribers, wanted);
  return [
    ...turned.map(
      ([OldSubscriber, NewSubscriber]): Step =>
        step((sdk, AccountId) => new sdk.UpdateSubscriberCommand({ AccountId, ...place, OldSubscriber, NewSubscriber })),
    ),
    ...added.map((Subscriber): Step => step((sdk, AccountId) => new sdk.CreateSubscriberCommand({ AccountId, ...place, Subscriber }))),
    ...removed.map((Subscriber): Step => step((sdk, AccountId) => new sdk.DeleteSubscriberCommand({ AccountId, ...place, Subscriber }))),
  ];
}

type Exchange = readonly [turned: [Subscriber, Subscriber][], added: Subscriber[], removed: Subscriber[]];

function exchange(there: readonly Subscriber[], wanted: readonly Subscriber[]): Exchange {
  const turned: [Subscriber, Subscriber][] = [];
  const removed = there.filter((each) => !has(wanted, each));
  const added = wanted.filter((each) => {
    if (has(there, each)) return false;
    const index = removed.findIndex(({ SubscriptionType }) => SubscriptionType === each.SubscriptionType);
    const [old] = index < 0 ? [] : removed.splice(index, 1);
    if (old) turned.push([old, each]);
    return !old;
  });
  return [turned, added, removed];
}

function has(all: readonly Subscriber[], one: Subscriber): boolean {
  return all.some((each) => subscriberKey(each) === subscriberKey(one));
}

/** Whether it has been crossed is AWS's to say. */
function withoutState({ NotificationState: _, ...notification }: Notification): Notification {
  return notification;
}
