import type { CostsPort } from '../ports/costs.ts';
import { createBreakdown } from './breakdown.ts';
import { createMonthView } from './month.ts';
import { createTrend } from './trend.ts';
import type { BillViewOptions } from './view-options.ts';

/** The bill of a month from every side. */
export function createBillViews(options: BillViewOptions): Pick<CostsPort, 'month' | 'breakdown' | 'trend'> {
  return { month: createMonthView(options), breakdown: createBreakdown(options), trend: createTrend(options) };
}
