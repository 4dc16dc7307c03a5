import type { CallScope } from '../ports/call-scope.ts';
import type { MonthSoFar } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import { billOf, comingRenewals, schedulesOf } from './bill.ts';
import { ageOf } from './gather.ts';
import { budgetUse, convert } from './rates.ts';
import { readSoFar, type SoFarOptions } from './so-far.ts';
import { keepSnapshot, type SnapshotOptions } from './spend-snapshot.ts';

export type ViewOptions = SoFarOptions & SnapshotOptions;

/** This month so far. Throws `CallError` when nothing could be read. */
export async function currentOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<MonthSoFar> {
  const { reader, rates, budget, now } = options;
  const soFar = await readSoFar(options, accounts, call);
  const { month, sources, isEverything } = soFar;
  const { totals, byService } = billOf(sources, month, month.today + 1);
  keepSnapshot(options, soFar, totals);

  const converted = convert(totals, rates, budget.currency);
  // Of a part it would say too little.
  const use = isEverything ? budgetUse(totals, rates, budget) : undefined;
  const renewals = comingRenewals(schedulesOf(sources.hostinger), month);
  return {
    month: month.name,
    incomplete: true,
    totals,
    ...(converted ? { converted } : {}),
    ...(use ? { budget: use } : {}),
    byService,
    ...(renewals.length > 0 ? { renewals } : {}),
    ...ageOf(reader, soFar.gathered, now(), soFar.unspread),
  };
}
