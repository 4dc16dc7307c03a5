import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { CostAnomaly } from '../../ports/cost-sources.ts';
import type { AccountTarget } from '../../ports/domain.ts';
import { addMonths, dateOf, dayNamed, dayOf } from '../calendar.ts';
import type { CostReader } from '../cost-reader.ts';
import type { Missing, ReportAnomaly } from './data.ts';
import { centsOf, oneLine } from './words.ts';

/** AWS keeps them for so many days (Cost Management User Guide, "Detecting unusual spend"), and refuses to look further back. */
const keptDays = 90;
const most = 10;

/** What AWS found unusual in the month, the dearest first. Throws `CallError` `cancelled` only. */
export async function collectAnomalies(
  anomalies: CostReader['anomalies'],
  accounts: readonly AccountTarget[],
  month: string,
  now: number,
  call: CallScope,
): Promise<{ anomalies: ReportAnomaly[]; missing: Missing[] }> {
  const first = dayNamed(`${month}-01`);
  const today = dayOf(now);
  const end = addMonths(first, 1);
  if (end <= today - keptDays) return { anomalies: [], missing: [] };
  const period = { from: dateOf(Math.max(first, today - keptDays + 1)), until: dateOf(Math.min(end, today + 1)) };
  const own = accounts.filter(({ provider }) => provider === 'aws');
  // Two names of one account are one bill.
  const each = own.filter(({ accountId }, index) => own.findIndex((other) => other.accountId === accountId) === index);
  const missing: Missing[] = [];
  const found = await Promise.all(
    each.map(async (account) => {
      try {
        return (await anomalies(account, period, call)).value;
      } catch (error) {
        if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
        missing.push({ what: `what AWS finds unusual in ${account.account}`, why: oneLine(error.message, 300) });
        return [];
      }
    }),
  );
  const dearest = found.flat().sort((a, b) => Number(b.impact) - Number(a.impact));
  return { anomalies: dearest.slice(0, most).map(described), missing };
}

function described({ from, until, service, region, usageType, impact }: CostAnomaly): ReportAnomaly {
  return {
    what: oneLine([service ?? 'all services', usageType, region].filter((part) => part !== undefined).join(', ')),
    days: until === undefined || until === from ? from : `${from} to ${until}`,
    impact: { cents: centsOf(impact), currency: 'USD' },
  };
}
