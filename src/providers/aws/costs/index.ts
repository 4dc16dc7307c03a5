/**
 * Invariant: each page is one request on the wire, announced before it leaves and never repeated, because each is billed; and a page
 * that has left is waited for, because it is paid.
 */
import type { GetCostAndUsageCommandInput, Group } from '@aws-sdk/client-cost-explorer';
import { CallError } from '../../../call/errors.ts';
import type { AwsCosts, CostLine, CostPeriod, CostScope } from '../../../ports/costs.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { matchAccounts, type Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { notEnabled } from './errors.ts';

/** Where Cost Explorer is, whatever the regions of the account (AWS General Reference, "AWS Cost Explorer endpoints"). */
const region = 'us-east-1';

/** Pages of services and charge types of one month: what goes on and on is no bill, and every page costs. */
const mostPages = 20;

/** Charge types that give money back. All others, discounts too, belong to what a service costs. */
const credits: readonly (string | undefined)[] = ['Credit', 'Refund'];

export function createAwsCosts({ accounts, sender }: AwsContext): AwsCosts {
  return {
    async lines(target, period, call, noteSent) {
      const scope: Scope = { account: matchAccounts(accounts, { account: target.account })[0], region };
      const lines: CostLine[] = [];
      let token: string | undefined;
      for (let page = 1; page <= mostPages; page += 1) {
        const input = requestOf(target, period, token);
        const { ResultsByTime, NextPageToken } = await askOnce(call, noteSent, (once) =>
          sender.ask('ce', scope, once, (sdk) => new sdk.GetCostAndUsageCommand(input)),
        );
        for (const { Groups = [] } of answered(ResultsByTime, 'GetCostAndUsage')) lines.push(...Groups.map(toLine));
        if (NextPageToken === undefined) return lines;
        token = NextPageToken;
      }
      throw new CallError('provider_unavailable', `Cost Explorer gave ${mostPages} pages for one month and did not end.`, {
        remedy: 'Look at the month in the AWS console; do not ask again and again, since every page costs.',
      });
    },
  };
}

/** Of an organisation's management account AWS would add the members; they are accounts of their own, here and in policy. */
function requestOf({ accountId }: AccountTarget, { from, until }: CostPeriod, token: string | undefined): GetCostAndUsageCommandInput {
  return {
    TimePeriod: { Start: from, End: until },
    Granularity: 'MONTHLY',
    Metrics: ['UnblendedCost'],
    Filter: { Dimensions: { Key: 'LINKED_ACCOUNT', Values: [accountId] } },
    GroupBy: [
      { Type: 'DIMENSION', Key: 'SERVICE' },
      { Type: 'DIMENSION', Key: 'RECORD_TYPE' },
    ],
    ...(token === undefined ? {} : { NextPageToken: token }),
  };
}

/** Cancellation counts until the request leaves. */
async function askOnce<T>(
  call: CostScope,
  noteSent: () => void,
  ask: (call: CostScope & { once: true; noteSent(): void }) => Promise<T>,
): Promise<T> {
  const unsent = new AbortController();
  const cancel = () => unsent.abort();
  call.signal.addEventListener('abort', cancel);
  if (call.signal.aborted) cancel();
  const leave = () => {
    call.signal.removeEventListener('abort', cancel);
    noteSent();
  };
  try {
    return await ask({ ...call, signal: unsent.signal, once: true, noteSent: leave });
  } catch (error) {
    throw isNotEnabled(error) ? explained(error) : error;
  } finally {
    call.signal.removeEventListener('abort', cancel);
  }
}

function toLine({ Keys = [], Metrics }: Group): CostLine {
  const [service = 'Unknown', chargeType] = Keys;
  const { Amount, Unit } = answered(Metrics?.UnblendedCost, 'GetCostAndUsage');
  return { service, isCredit: credits.includes(chargeType), amount: answered(Amount, 'GetCostAndUsage'), currency: Unit ?? 'USD' };
}

/** Said under the code of any other denial: "User not enabled for cost explorer access". */
function isNotEnabled(error: unknown): error is CallError {
  return error instanceof CallError && error.code === 'provider_denied' && /not enabled/i.test(error.details.provider?.message ?? '');
}

function explained({ message, details }: CallError): CallError {
  return new CallError(notEnabled.code, message, { ...details, remedy: notEnabled.remedy });
}
