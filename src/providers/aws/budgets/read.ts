import type { Budget, Notification, Subscriber } from '@aws-sdk/client-budgets';
import { CallError } from '../../../call/errors.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { ChangeScope, Sender } from '../send.ts';
import type { FoundBudget, Notice } from './facts.ts';

/** Where requests of one call go. */
export interface Wire {
  readonly sender: Sender;
  readonly scope: Scope;
  /** Under the server's own identity. */
  readonly call: ChangeScope;
  /** Twelve digits. */
  readonly accountId: string;
}

/** More pages than an account can have (20,000 budgets by quota, 1,000 a page). */
const mostPages = 25;

export async function readBudget(wire: Wire, name: string): Promise<FoundBudget | undefined> {
  const { sender, scope, call, accountId: AccountId } = wire;
  // Without the filter expression a budget over a part of the account looks like one over all of it.
  const found = await unlessAbsent(
    sender.ask('budgets', scope, call, (sdk) => new sdk.DescribeBudgetCommand({ AccountId, BudgetName: name, ShowFilterExpression: true })),
  );
  if (!found) return undefined;
  return { budget: answered(found.Budget, 'DescribeBudget'), notices: await readNotices(wire, name, isOfService) };
}

/** All of the account, without their notices. */
export function readBudgets({ sender, scope, call, accountId: AccountId }: Wire): Promise<Budget[]> {
  return allPages(async (NextToken) => {
    const answer = await sender.ask(
      'budgets',
      scope,
      call,
      (sdk) => new sdk.DescribeBudgetsCommand({ AccountId, MaxResults: 1_000, ShowFilterExpression: true, NextToken }),
    );
    return { items: answer.Budgets ?? [], next: answer.NextToken };
  });
}

/** The service has no answer now, or none at all (an emulator). A denial is for a person to mend: nothing is decided without what it hides. */
function isOfService({ code, details }: CallError): boolean {
  return code === 'provider_unavailable' || code === 'provider_not_found' || details.provider?.code === 'UnknownOperationException';
}

/**
 * AWS can tell of spending too little, or exactly so much, as well: that is none of this port's, which shows it to nobody and leaves it alone.
 * @param bears which failures to read subscribers are kept with their notice; others are thrown
 */
export async function readNotices(wire: Wire, name: string, bears: (error: CallError) => boolean): Promise<Notice[]> {
  const { sender, scope, call, accountId: AccountId } = wire;
  const notifications = await allPages<Notification>(async (NextToken) => {
    const answer = await unlessAbsent(
      sender.ask(
        'budgets',
        scope,
        call,
        (sdk) => new sdk.DescribeNotificationsForBudgetCommand({ AccountId, BudgetName: name, MaxResults: 100, NextToken }),
      ),
    );
    return { items: answer?.Notifications ?? [], next: answer?.NextToken };
  });
  const passed = notifications.filter(({ ComparisonOperator }) => ComparisonOperator === 'GREATER_THAN');
  const read = async (notification: Notification): Promise<Notice> => {
    try {
      return { notification, subscribers: await readSubscribers(wire, name, notification) };
    } catch (error) {
      if (error instanceof CallError && bears(error)) return { notification, subscribers: [], unread: error };
      throw error;
    }
  };
  // One that fails speaks for all: asking for each would open the circuit of a service that answers everything else.
  const [one, ...others] = passed;
  if (!one) return [];
  const first = await read(one);
  const rest = first.unread ? others.map((notification) => ({ ...first, notification })) : await Promise.all(others.map(read));
  return [first, ...rest];
}

function readSubscribers({ sender, scope, call, accountId: AccountId }: Wire, name: string, notification: Notification) {
  const { NotificationState: _, ...Notification } = notification;
  return allPages<Subscriber>(async (NextToken) => {
    const answer = await unlessAbsent(
      sender.ask(
        'budgets',
        scope,
        call,
        (sdk) =>
          new sdk.DescribeSubscribersForNotificationCommand({ AccountId, BudgetName: name, Notification, MaxResults: 100, NextToken }),
      ),
    );
    return { items: answer?.Subscribers ?? [], next: answer?.NextToken };
  });
}

/** Budgets says the same of a budget that is not there and of one without notifications. */
async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CallError && error.details.provider?.code === 'NotFoundException') return undefined;
    throw error;
  }
}

async function allPages<T>(ask: (token: string | undefined) => Promise<{ items: readonly T[]; next: string | undefined }>): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let page = 1; page <= mostPages; page += 1) {
    const { items, next } = await ask(token);
    all.push(...items);
    // moto gives null at the end.
    if (!next) return all;
    token = next;
  }
  throw new CallError('provider_unavailable', `AWS Budgets gave ${mostPages} pages and did not end.`, {
    remedy: 'Look at the budgets in the console, under Billing: there are more than AWS allows.',
  });
}
