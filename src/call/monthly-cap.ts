/**
 * Invariant: what an agent adds to a month of costs is counted before its intent is written, against its cap, in one step over all
 * processes; a call that had no effect, and a plan, give their share back. Of calls that are decided at the same moment each is decided
 * on with what those before it add.
 */
import type { Principal, Resolved } from '../ports/domain.ts';
import type { Addition, SpendFacts } from '../ports/spend.ts';
import type { Call } from './call.ts';
import { type DecisionInput, decideCall } from './decide.ts';
import * as failures from './failures.ts';
import type { Road } from './invoke.ts';

/** @throws CallError `quota_exceeded` where there is no room, or no price */
export function reserveSpend(road: Road, call: Call, principal: Principal, target: Resolved, spend: SpendFacts): void {
  const cap = road.monthlyCapOf(principal);
  const { monthlyCostCents: cents, currency } = spend;
  const over = (usedCents: number | undefined) => failures.overMonthlyCap(principal.id, { cents, cap: cap ?? 0, usedCents, currency });
  if (cents === undefined) {
    if (cap === undefined) return;
    throw over(undefined);
  }
  // Of something new nothing is known yet but the call; a repeated one has the same token.
  const key = target.type === 'Instance' ? nameOf(target.account, target) : call.scope().clientToken;
  const reserved = road.spend.reserve(principal.id, key, call.id, cents, cap ?? Number.MAX_SAFE_INTEGER);
  if (!reserved.ok) throw over(reserved.usedCents);
  call.hasReserved = true;
  if (call.dryRun) giveBackSpend(road, call);
}

/** Others may have reserved between the decision and this call's own reservation. @throws CallError `overloaded`, which a repeated call ends */
export async function refuseIfOvertaken(road: Road, call: Call, asked: DecisionInput, addition: Addition): Promise<void> {
  if (!call.hasReserved) return;
  const spend = await road.spend.facts(addition, call.id);
  if ((spend.forecastCents ?? 0) <= (asked.spend.forecastCents ?? 0)) return;
  const { kind } = await decideCall(road.policy, { ...asked, spend }, road.approverIds);
  if (kind !== 'allow') throw failures.spendMoved();
}

/** What was launched is counted as the instance that it became, so that starting it later adds nothing. */
export function countUnderItsName(road: Road, call: Call, target: Resolved): void {
  const [made] = call.made;
  if (call.hasReserved && made && 'account' in target) road.spend.rename(agentOf(call), call.id, nameOf(target.account, made));
}

export function giveBackSpend(road: Road, call: Call): void {
  if (call.hasReserved) road.spend.release(agentOf(call), call.id);
  call.hasReserved = false;
}

function nameOf(account: string, { type, id }: { readonly type: string; readonly id: string }): string {
  return `${type} ${account} ${id}`;
}

function agentOf(call: Call): string {
  return call.request.principal?.id ?? '';
}
