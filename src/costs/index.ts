import { CallError } from '../call/errors.ts';
import type { AwsCosts, CostScope, CostsPort, HostingerBilling, PaidSubscription } from '../ports/costs.ts';
import type { AccountTarget, MissingPart } from '../ports/domain.ts';
import { type AwsMonth, type CostStore, centsARequest, createAwsMonth, type ReadAwsMonth } from './aws-month.ts';
import { dateOf, dayOf, type Month, monthAt } from './calendar.ts';
import { decimalOf } from './cents.ts';
import { reportOf } from './report.ts';

export type { CostStore } from './aws-month.ts';

export interface CostsOptions {
  readonly aws: AwsCosts;
  readonly hostinger: HostingerBilling;
  readonly store: CostStore;
  readonly now: () => number;
}

/** The bill of both clouds as one. A part that cannot be read is named, and the rest is shown. */
export function createCosts({ aws, hostinger, store, now }: CostsOptions): CostsPort {
  const readAws = createAwsMonth(aws, store, now);
  return {
    async current(accounts, call) {
      const month = monthAt(now());
      const [read, subscriptions] = await Promise.all([
        readAll(readAws, accounts, month, call),
        accounts.some(({ provider }) => provider === 'hostinger') ? settle(hostinger.subscriptions(call)) : undefined,
      ]);
      const months = read.flatMap(({ answer }) => answer.value ?? []);
      const paid = subscriptions?.value;
      const failed = [...read.map(({ answer }) => answer.error), subscriptions?.error].find((error) => error !== undefined);
      if (failed && months.length === 0 && !paid) throw failed;

      const lines = months.length > 0 ? { aws: months.flatMap((each) => each.lines) } : {};
      const { totals, byService, renewals, unspread } = reportOf({ ...lines, ...(paid ? { hostinger: paid } : {}) }, month);
      const asOf = Math.min(now(), ...months.map(({ fetchedAt }) => fetchedAt));
      const ageMinutes = Math.floor((now() - asOf) / 60_000);
      const missing: MissingPart[] = [
        ...read.flatMap(({ account, answer }) => failureOf(account, answer, now())),
        ...(subscriptions?.error ? [part('hostinger', 'hostinger', subscriptions.error)] : []),
        ...unspread.map(unspreadPart),
      ];
      const requests = store.costRequests(dateOf(dayOf(now())));
      return {
        month: month.name,
        asOf: new Date(asOf).toISOString(),
        ageMinutes,
        incomplete: true,
        totals,
        byService,
        ...(renewals.length > 0 ? { renewals } : {}),
        asked: { requests, usd: decimalOf(BigInt(requests) * centsARequest) },
        ...(missing.length > 0 ? { missing } : {}),
      };
    },
  };
}

type Settled<T> = { readonly value: T; readonly error?: never } | { readonly value?: never; readonly error: CallError };
type Answer = { readonly account: AccountTarget; readonly answer: Settled<AwsMonth> };

/** Two names of one account are one bill. */
function readAll(readAws: ReadAwsMonth, accounts: readonly AccountTarget[], month: Month, call: CostScope): Promise<Answer[]> {
  const own = accounts.filter(({ provider }) => provider === 'aws');
  const each = own.filter(({ accountId }, index) => own.findIndex((other) => other.accountId === accountId) === index);
  return Promise.all(each.map(async (account) => ({ account, answer: await settle(readAws(account, month, call)) })));
}

async function settle<T>(reading: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    // A cancelled call is no fault of the cloud.
    if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
    return { error };
  }
}

function failureOf({ account }: AccountTarget, { value, error }: Settled<AwsMonth>, now: number): MissingPart[] {
  if (error) return [part('aws', account, error)];
  const { failure, fetchedAt } = value;
  if (!failure) return [];
  const minutes = Math.max(0, Math.floor((now - fetchedAt) / 60_000));
  const stale = part('aws', account, failure);
  return [{ ...stale, message: `Shown as it was ${minutes} minutes ago, because it could not be read again. ${stale.message}` }];
}

function part(provider: MissingPart['provider'], account: string, { code, message, details }: CallError): MissingPart {
  return { provider, account, code, message: `${message} ${details.remedy}` };
}

function unspreadPart({ name, period }: PaidSubscription): MissingPart {
  const message = `The subscription ${name} is left out: billed every ${period.count} ${period.unit}, with no date to count from or in a unit that is not known here.`;
  return { provider: 'hostinger', account: 'hostinger', code: 'provider_rejected', message };
}
