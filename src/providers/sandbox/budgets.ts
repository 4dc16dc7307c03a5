import type {
  Budget,
  CreateBudgetCommandInput,
  CreateNotificationCommandInput,
  CreateSubscriberCommandInput,
  DeleteNotificationCommandInput,
  DeleteSubscriberCommandInput,
  DescribeBudgetCommandInput,
  DescribeBudgetsCommandInput,
  DescribeNotificationsForBudgetCommandInput,
  DescribeSubscribersForNotificationCommandInput,
  Notification,
  Subscriber,
  UpdateBudgetCommandInput,
  UpdateNotificationCommandInput,
  UpdateSubscriberCommandInput,
} from '@aws-sdk/client-budgets';
import { type Answers, ServiceFault } from './fault.ts';

interface Notice {
  notification: Notification;
  subscribers: Subscriber[];
}
interface Kept {
  budget: Budget;
  notices: Notice[];
}

/** What AWS counts where nobody says what. */
const usualCostTypes: NonNullable<Budget['CostTypes']> = {
  IncludeCredit: true,
  IncludeDiscount: true,
  IncludeOtherSubscription: true,
  IncludeRecurring: true,
  IncludeRefund: true,
  IncludeSubscription: true,
  IncludeSupport: true,
  IncludeTax: true,
  IncludeUpfront: true,
  UseAmortized: false,
  UseBlended: false,
};

/** AWS Budgets of the one account; like AWS it works out what is spent hours later, which here is never. */
export function createBudgets(now: () => number): Answers {
  const budgets = new Map<string, Kept>();

  const find = (name = ''): Kept => {
    const found = budgets.get(name);
    if (!found) throw new ServiceFault('NotFoundException', `Unable to get budget: ${name} - the budget doesn't exist.`);
    return found;
  };
  const findNotice = (name: string | undefined, notification: Notification | undefined): Notice => {
    const found = find(name).notices.find((each) => same(each.notification, notification));
    if (!found) throw new ServiceFault('NotFoundException', "The notification doesn't exist.");
    return found;
  };
  const stored = (budget: Budget, before?: Budget): Budget => {
    checkLimit(budget);
    const start = new Date(now());
    return {
      TimePeriod: before?.TimePeriod ?? {
        Start: new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), 1)),
        End: new Date('2087-06-15T00:00:00Z'),
      },
      CostTypes: usualCostTypes,
      ...budget,
      CalculatedSpend: before?.CalculatedSpend ?? { ActualSpend: { Amount: '0.0', Unit: budget.BudgetLimit?.Unit } },
      LastUpdatedTime: start,
    };
  };

  return {
    CreateBudgetCommand: (_, { Budget: budget, NotificationsWithSubscribers = [] }: CreateBudgetCommandInput) => {
      const name = budget?.BudgetName ?? '';
      if (!budget || budgets.has(name))
        throw new ServiceFault('DuplicateRecordException', `Error creating budget: ${name} - the budget already exists.`);
      const kept: Kept = { budget: stored(budget), notices: [] };
      for (const { Notification, Subscribers } of NotificationsWithSubscribers) addNotice(kept, Notification, Subscribers);
      budgets.set(name, kept);
      return {};
    },
    UpdateBudgetCommand: (_, { NewBudget }: UpdateBudgetCommandInput) => {
      const kept = find(NewBudget?.BudgetName);
      if (NewBudget) kept.budget = stored(NewBudget, kept.budget);
      return {};
    },
    DescribeBudgetCommand: (_, { BudgetName }: DescribeBudgetCommandInput) => ({ Budget: find(BudgetName).budget }),
    DescribeBudgetsCommand: (_, __: DescribeBudgetsCommandInput) => ({ Budgets: [...budgets.values()].map(({ budget }) => budget) }),
    DescribeNotificationsForBudgetCommand: (_, { BudgetName }: DescribeNotificationsForBudgetCommandInput) => ({
      Notifications: find(BudgetName).notices.map(({ notification }) => ({ ...notification, NotificationState: 'OK' })),
    }),
    DescribeSubscribersForNotificationCommand: (_, { BudgetName, Notification }: DescribeSubscribersForNotificationCommandInput) => ({
      Subscribers: [...findNotice(BudgetName, Notification).subscribers],
    }),
    CreateNotificationCommand: (_, { BudgetName, Notification, Subscribers }: CreateNotificationCommandInput) => {
      addNotice(find(BudgetName), Notification, Subscribers);
      return {};
    },
    UpdateNotificationCommand: (_, { BudgetName, OldNotification, NewNotification }: UpdateNotificationCommandInput) => {
      if (find(BudgetName).notices.some(({ notification }) => same(notification, NewNotification))) throw duplicate('notification');
      const notice = findNotice(BudgetName, OldNotification);
      if (NewNotification) notice.notification = NewNotification;
      return {};
    },
    DeleteNotificationCommand: (_, { BudgetName, Notification }: DeleteNotificationCommandInput) => {
      const kept = find(BudgetName);
      const gone = findNotice(BudgetName, Notification);
      kept.notices = kept.notices.filter((each) => each !== gone);
      return {};
    },
    CreateSubscriberCommand: (_, { BudgetName, Notification, Subscriber }: CreateSubscriberCommandInput) => {
      const notice = findNotice(BudgetName, Notification);
      if (notice.subscribers.some((each) => each.Address === Subscriber?.Address)) throw duplicate('subscriber');
      notice.subscribers = checked([...notice.subscribers, ...(Subscriber ? [Subscriber] : [])]);
      return {};
    },
    UpdateSubscriberCommand: (_, { BudgetName, Notification, OldSubscriber, NewSubscriber }: UpdateSubscriberCommandInput) => {
      const notice = findNotice(BudgetName, Notification);
      const others = notice.subscribers.filter((each) => each.Address !== OldSubscriber?.Address);
      if (others.length === notice.subscribers.length) throw new ServiceFault('NotFoundException', "The subscriber doesn't exist.");
      notice.subscribers = checked([...others, ...(NewSubscriber ? [NewSubscriber] : [])]);
      return {};
    },
    DeleteSubscriberCommand: (_, { BudgetName, Notification, Subscriber }: DeleteSubscriberCommandInput) => {
      const notice = findNotice(BudgetName, Notification);
      notice.subscribers = checked(notice.subscribers.filter((each) => each.Address !== Subscriber?.Address));
      return {};
    },
  };
}

function addNotice(kept: Kept, notification: Notification | undefined, subscribers: readonly Subscriber[] = []): void {
  if (!notification || kept.notices.some((each) => same(each.notification, notification))) throw duplicate('notification');
  if (kept.notices.length >= 10) throw limitExceeded('A budget can have up to 10 notifications.');
  kept.notices.push({ notification, subscribers: checked([...subscribers]) });
}

/** One SNS topic and ten addresses, and at least one of either. */
function checked(subscribers: Subscriber[]): Subscriber[] {
  const topics = subscribers.filter(({ SubscriptionType }) => SubscriptionType === 'SNS').length;
  if (topics > 1) throw limitExceeded('one notification can only have 1 subscribers with type of SNS');
  if (subscribers.length - topics > 10) throw limitExceeded('one notification can only have 10 subscribers with type of EMAIL');
  if (subscribers.length === 0) throw invalid('A notification must have at least one subscriber.');
  return subscribers;
}

function checkLimit({ BudgetLimit }: Budget): void {
  if (!BudgetLimit || !(Number(BudgetLimit.Amount) > 0)) throw invalid('BudgetLimit must be greater than 0.');
  if (BudgetLimit.Unit !== 'USD') throw invalid(`The unit ${BudgetLimit.Unit} is not the currency of this account, USD.`);
}

function same(one: Notification, other: Notification | undefined): boolean {
  return (
    one.NotificationType === other?.NotificationType &&
    one.ComparisonOperator === other?.ComparisonOperator &&
    one.Threshold === other?.Threshold &&
    (one.ThresholdType ?? 'PERCENTAGE') === (other?.ThresholdType ?? 'PERCENTAGE')
  );
}

function duplicate(what: string): ServiceFault {
  return new ServiceFault('DuplicateRecordException', `the ${what} already exists.`);
}

function limitExceeded(message: string): ServiceFault {
  return new ServiceFault('CreationLimitExceededException', message);
}

function invalid(message: string): ServiceFault {
  return new ServiceFault('InvalidParameterException', message);
}
