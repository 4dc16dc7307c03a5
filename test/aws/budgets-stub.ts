import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Budget, Notification, Subscriber } from '@aws-sdk/client-budgets';

/**
 * AWS Budgets in its JSON protocol, by its API reference, because moto has neither UpdateBudget nor subscribers of a notification that
 * exists, gives everything in one page, and never loses an answer.
 */
export interface BudgetsStub {
  readonly endpoint: string;
  /** Requests that change something, in the order of arrival, with what tells them from one another. */
  readonly changes: string[];
  /** Every request. */
  readonly asked: string[];
  /** Budgets as they are; tests may put some down. */
  readonly budgets: Map<string, StubBudget>;
  /** The next request of this action takes effect, and its answer is lost. */
  lose(action: string): void;
  /** The next request of this action fails. */
  refuse(action: string, code: string, status?: number): void;
  /** Done before the next request of this action is looked at: somebody else was faster. */
  before(action: string, work: () => void): void;
  /** Rows of a page of everything that has pages; 100 from the start. */
  pageSize: number;
  close(): Promise<void>;
}

export interface StubBudget {
  budget: Budget;
  notices: { notification: Notification; subscribers: Subscriber[] }[];
}

interface Input {
  Budget?: Budget;
  NewBudget?: Budget;
  BudgetName?: string;
  NotificationsWithSubscribers?: { Notification: Notification; Subscribers: Subscriber[] }[];
  Notification?: Notification;
  OldNotification?: Notification;
  NewNotification?: Notification;
  Subscribers?: Subscriber[];
  Subscriber?: Subscriber;
  OldSubscriber?: Subscriber;
  NewSubscriber?: Subscriber;
  NextToken?: string;
  ShowFilterExpression?: boolean;
}

class Refusal extends Error {}

export async function startBudgetsStub(): Promise<BudgetsStub> {
  const budgets = new Map<string, StubBudget>();
  const changes: string[] = [];
  const asked: string[] = [];
  const lost: string[] = [];
  const refused: { action: string; code: string; status: number }[] = [];
  const faster: { action: string; work: () => void }[] = [];

  const find = (name = '') => budgets.get(name) ?? refuse('NotFoundException');
  const place = (notices: StubBudget['notices'], wanted: Notification | undefined) =>
    notices.find(({ notification }) => keyOf(notification) === keyOf(wanted)) ?? refuse('NotFoundException');
  const page = <T>(all: readonly T[], name: string, token = '0') => {
    const end = Number(token) + stub.pageSize;
    return { [name]: all.slice(Number(token), end), ...(end < all.length ? { NextToken: String(end) } : {}) };
  };

  const answers: Record<string, (input: Input) => object> = {
    DescribeBudget: ({ BudgetName, ShowFilterExpression }) => ({ Budget: shown(find(BudgetName).budget, ShowFilterExpression) }),
    DescribeBudgets: ({ NextToken, ShowFilterExpression }) =>
      page(
        [...budgets.values()].map(({ budget }) => shown(budget, ShowFilterExpression)),
        'Budgets',
        NextToken,
      ),
    DescribeNotificationsForBudget: ({ BudgetName, NextToken }) => {
      const { notices } = find(BudgetName);
      if (notices.length === 0) refuse('NotFoundException');
      const shownNotices = notices.map(({ notification }) => ({ ...notification, NotificationState: 'OK' }));
      return page(shownNotices, 'Notifications', NextToken);
    },
    DescribeSubscribersForNotification: ({ BudgetName, Notification, NextToken }) =>
      page(place(find(BudgetName).notices, Notification).subscribers, 'Subscribers', NextToken),
    CreateBudget: ({ Budget, NotificationsWithSubscribers = [] }) => {
      const name = Budget?.BudgetName ?? '';
      if (!Budget || budgets.has(name)) refuse('DuplicateRecordException');
      else {
        const notices = NotificationsWithSubscribers.map(({ Notification, Subscribers }) => ({
          notification: Notification,
          subscribers: limited(Subscribers),
        }));
        budgets.set(name, { budget: { ...Budget, CostTypes: { IncludeTax: true }, TimePeriod: { Start: epoch, End: epoch } }, notices });
      }
      return {};
    },
    UpdateBudget: ({ NewBudget }) => {
      const found = find(NewBudget?.BudgetName);
      if (NewBudget?.CostTypes && NewBudget.Metrics) refuse('InvalidParameterException');
      if (NewBudget) found.budget = NewBudget;
      return {};
    },
    CreateNotification: ({ BudgetName, Notification, Subscribers = [] }) => {
      const { notices } = find(BudgetName);
      if (!Notification || notices.some(({ notification }) => keyOf(notification) === keyOf(Notification)))
        refuse('DuplicateRecordException');
      else notices.push({ notification: Notification, subscribers: limited(Subscribers) });
      if (notices.length > 10) refuse('CreationLimitExceededException');
      return {};
    },
    UpdateNotification: ({ BudgetName, OldNotification, NewNotification }) => {
      const { notices } = find(BudgetName);
      if (notices.some(({ notification }) => keyOf(notification) === keyOf(NewNotification))) refuse('DuplicateRecordException');
      const found = place(notices, OldNotification);
      if (NewNotification) found.notification = NewNotification;
      return {};
    },
    DeleteNotification: ({ BudgetName, Notification }) => {
      const found = find(BudgetName);
      const gone = place(found.notices, Notification);
      found.notices = found.notices.filter((each) => each !== gone);
      return {};
    },
    CreateSubscriber: ({ BudgetName, Notification, Subscriber }) => {
      const found = place(find(BudgetName).notices, Notification);
      if (!Subscriber || found.subscribers.some(({ Address }) => Address === Subscriber.Address)) refuse('DuplicateRecordException');
      else found.subscribers = limited([...found.subscribers, Subscriber]);
      return {};
    },
    UpdateSubscriber: ({ BudgetName, Notification, OldSubscriber, NewSubscriber }) => {
      const found = place(find(BudgetName).notices, Notification);
      const others = found.subscribers.filter(({ Address }) => Address !== OldSubscriber?.Address);
      if (others.length === found.subscribers.length) refuse('NotFoundException');
      if (NewSubscriber) found.subscribers = limited([...others, NewSubscriber]);
      return {};
    },
    DeleteSubscriber: ({ BudgetName, Notification, Subscriber }) => {
      const found = place(find(BudgetName).notices, Notification);
      const others = found.subscribers.filter(({ Address }) => Address !== Subscriber?.Address);
      if (others.length === found.subscribers.length) refuse('NotFoundException');
      found.subscribers = limited(others);
      return {};
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    const action = String(request.headers['x-amz-target']).split('.')[1];
    if (action === undefined) {
      asked.push('of another service');
      return void response.writeHead(400).end();
    }
    const input = JSON.parse(body) as Input & { AccountId?: string };
    asked.push(action);
    if (!/^Describe/.test(action)) changes.push(said(action, input));
    take(faster, action)?.work();
    const head = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': `req-${asked.length}` };
    const fail = (code: string, status = 400) =>
      response.writeHead(status, head).end(JSON.stringify({ __type: code, Message: 'as AWS says' }));
    const refusal = take(refused, action);
    if (refusal) return void fail(refusal.code, refusal.status);
    if (input.AccountId !== '123456789012') return void fail('AccessDeniedException');
    try {
      const answer = JSON.stringify(answers[action]?.(input) ?? refuse('UnknownOperationException'));
      const index = lost.indexOf(action);
      if (index < 0) return void response.writeHead(200, head).end(answer);
      lost.splice(index, 1);
      request.socket.destroy();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      fail(error.message);
    }
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stub: BudgetsStub = {
    endpoint: `http://127.0.0.1:${address.port}`,
    changes,
    asked,
    budgets,
    pageSize: 100,
    lose: (action) => lost.push(action),
    refuse: (action, code, status = 400) => refused.push({ action, code, status }),
    before: (action, work) => faster.push({ action, work }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return stub;
}

// The protocol has times as numbers.
const epoch = 1_793_491_200 as unknown as Date;

function take<T extends { action: string }>(all: T[], action: string): T | undefined {
  const index = all.findIndex((each) => each.action === action);
  return index < 0 ? undefined : all.splice(index, 1)[0];
}

function refuse(code: string): never {
  throw new Refusal(code);
}

function shown({ FilterExpression, ...budget }: Budget, show = false): Budget {
  return { ...budget, ...(show && FilterExpression ? { FilterExpression } : {}) };
}

function limited(subscribers: Subscriber[]): Subscriber[] {
  const topics = subscribers.filter(({ SubscriptionType }) => SubscriptionType === 'SNS').length;
  if (topics > 1 || subscribers.length - topics > 10) refuse('CreationLimitExceededException');
  if (subscribers.length === 0) refuse('InvalidParameterException');
  return subscribers;
}

function keyOf(notification: Notification | undefined): string {
  const { NotificationType, ComparisonOperator, Threshold, ThresholdType = 'PERCENTAGE' } = notification ?? ({} as Notification);
  return `${NotificationType} ${ComparisonOperator} ${Threshold} ${ThresholdType}`;
}

/** `CreateSubscriber 80 ACTUAL a@example.com` */
function said(action: string, input: Input): string {
  const of = (notification?: Notification) => (notification ? [`${notification.Threshold}`, notification.NotificationType] : []);
  const { Budget, NewBudget, OldNotification, Notification, NewNotification, OldSubscriber, Subscriber, NewSubscriber } = input;
  return [
    action,
    ...((Budget ?? NewBudget) ? [(Budget ?? NewBudget)?.BudgetLimit?.Amount] : []),
    ...of(OldNotification),
    ...of(Notification),
    ...of(NewNotification),
    ...[OldSubscriber, Subscriber, NewSubscriber].flatMap((each) => (each ? [each.Address] : [])),
  ].join(' ');
}
