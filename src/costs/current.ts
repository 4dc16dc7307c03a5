import type { CallScope } from '../ports/call-scope.ts';
import type { MonthSoFar } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import { billOf, comingRenewals, schedulesOf } from './bill.ts';
import { asked } from './ceiling.ts';
import { ageOf, asOf } from './gather.ts';
import { budgetUse, convert, unconverted } from './rates.ts';
import { readSoFar, type SoFarOptions } from './so-far.ts';
import { keepSnapshot, type SnapshotOptions } from './spend-snapshot.ts';

export type ViewOptions = SoFarOptions & SnapshotOptions;

/** This month so far. Throws `CallError` when nothing could be read. */
export async function currentOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<MonthSoFar> {
  const { reader, rates, budget, now } = options;
  const soFar = await readSoFar(options, accounts, call);
  const { month, sources, isEverything } = soFar;
  const { parts, amounts, totals, byService } = billOf(sources, month, month.today + 1);
  keepSnapshot(options, soFar);

  const converted = convert(amounts, rates, budget.currency);
  // Of a part it would say too little.
  const use = isEverything ? budgetUse(amounts, rates, budget) : undefined;
  const renewals = comingRenewals(schedulesOf(sources.hostinger), month);
  return {
    month: month.name,
    asOf: asOf(soFar.gathered, now()),
    incomplete: true,
    totals,
    ...(converted ? { converted } : {}),
    ...(use ? { budget: use } : {}),
    byService,
    ...(renewals.length > 0 ? { renewals } : {}),
    asked: asked(reader.requestsToday()),
    ...ageOf(soFar.gathered, now(), [...soFar.unspread, ...unconverted(parts, rates, budget)]),
  };
}
