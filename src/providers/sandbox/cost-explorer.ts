import type {
  DateInterval,
  GetAnomaliesCommandInput,
  GetAnomaliesCommandOutput,
  GetCostAndUsageCommandInput,
  GetCostAndUsageCommandOutput,
  ResultByTime,
} from '@aws-sdk/client-cost-explorer';
import { keyOf, matching } from './cost-filter.ts';
import { forecast } from './cost-forecast.ts';
import { type CostItem, itemsOf, monthStart, spike, unitsPerDollar } from './cost-items.ts';
import { type Answers, notInSandbox, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';

const dayMs = 86_400_000;
/** Everything is on one page. */
type Answer<T> = Omit<T, '$metadata'>;

/** Fourteen months of a small fleet, and refusals in AWS's own words where they are known. */
export function createCostExplorer(now: () => number): Answers {
  return {
    GetCostAndUsageCommand: (_, input: GetCostAndUsageCommandInput) => costAndUsage(input, now()),
    GetCostForecastCommand: (_, input) => forecast(input, now()),
    GetAnomaliesCommand: (_, input: GetAnomaliesCommandInput) => anomalies(input, now()),
  };
}

function costAndUsage(
  { TimePeriod, Granularity, Metrics, GroupBy = [], Filter }: GetCostAndUsageCommandInput,
  now: number,
): Answer<GetCostAndUsageCommandOutput> {
  if (Metrics?.join() !== 'UnblendedCost') throw notInSandbox(`costs as ${Metrics?.join()}`);
  if (GroupBy.length > 2) throw invalid('Maximum of two groups are allowed');
  const periods = periodsOf(TimePeriod, Granularity, now);
  const [keys, passes] = [GroupBy.map(keyOf), matching(Filter)];
  return {
    ...(GroupBy.length > 0 ? { GroupDefinitions: GroupBy } : {}),
    ResultsByTime: periods.map(([start, end]): ResultByTime => {
      const sums = new Map<string, { Keys: string[]; units: number }>();
      let total = 0;
      for (let day = start; day < end; day += dayMs) {
        for (const item of itemsOf(day, now).filter(passes)) {
          const Keys = keys.map((key) => key(item));
          const sum = sums.get(Keys.join('\n')) ?? { Keys, units: 0 };
          sum.units += item.units;
          total += item.units;
          sums.set(Keys.join('\n'), sum);
        }
      }
      return {
        TimePeriod: { Start: dateText(start), End: dateText(end) },
        Total: keys.length > 0 ? {} : metrics(total),
        Groups: keys.length > 0 ? [...sums.values()].map(({ Keys, units }) => ({ Keys, Metrics: metrics(units) })) : [],
        Estimated: end > monthStart(now, 0),
      };
    }),
    DimensionValueAttributes: [],
  };
}

const invalid = (message: string) => new ServiceFault('ValidationException', message);

/** Start and end of each, the last as long as was asked. */
function periodsOf(period: DateInterval | undefined, granularity: string | undefined, now: number): [start: number, end: number][] {
  const [start, end] = [Date.parse(period?.Start ?? ''), Date.parse(period?.End ?? '')];
  if (granularity !== 'MONTHLY' && granularity !== 'DAILY') throw notInSandbox(`costs by ${granularity}`);
  if (!(start < end)) throw invalid('Start date (and hour) should be before end date (and hour)');
  if (start > now) throw invalid('Start date is after the current date');
  if (end > monthStart(now, -1)) throw invalid('end date past the beginning of next month');
  if (start < fourteenMonthsBefore(now)) {
    if (granularity === 'DAILY') throw invalid("You haven't enabled historical data beyond 14 months.");
    if (new Date(start).getUTCDate() !== 1) {
      throw invalid('To retrieve data beyond the past 14 months, your start date needs to be the first day of the month.');
    }
  }
  const periods: [number, number][] = [];
  for (let at = start; at < end; ) {
    const next = Math.min(end, granularity === 'DAILY' ? at + dayMs : monthStart(at, -1));
    periods.push([at, next]);
    at = next;
  }
  return periods;
}

function fourteenMonthsBefore(now: number): number {
  const today = new Date(now);
  return Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 14, today.getUTCDate());
}

/** The account has a monitor of its services, which saw the one spike. */
function anomalies({ DateInterval }: GetAnomaliesCommandInput, now: number): Answer<GetAnomaliesCommandOutput> {
  const days = spike.days.map((day) => monthStart(now, spike.monthsAgo) + (day - 1) * dayMs);
  const [from, until] = [dateText(days[0] ?? 0), dateText(days.at(-1) ?? 0)];
  const { StartDate = '', EndDate = dateText(now) } = DateInterval ?? {};
  if (StartDate > EndDate) throw invalid('Start date should be before end date');
  if (until < StartDate || until > EndDate) return { Anomalies: [] };
  const { service, usageType, region } = spike.kind;
  const sum = (select: (item: CostItem) => boolean) =>
    days.flatMap((day) => itemsOf(day, now).filter(select)).reduce((total, { units }) => total + units, 0) / unitsPerDollar;
  const actual = sum((item) => item.service === service && item.recordType === 'Usage');
  const extra = sum((item) => item.usageType === usageType);
  const cents = (dollars: number) => Math.round(dollars * 100) / 100;
  const Impact = {
    MaxImpact: cents(spike.perDay),
    TotalImpact: cents(extra),
    TotalActualSpend: cents(actual),
    TotalExpectedSpend: cents(actual - extra),
    TotalImpactPercentage: cents((extra / (actual - extra)) * 100),
  };
  return {
    Anomalies: [
      {
        AnomalyId: '5a4d0b0c-0000-4000-8000-00000000c057',
        AnomalyStartDate: `${from}T00:00:00Z`,
        AnomalyEndDate: `${until}T00:00:00Z`,
        DimensionValue: service,
        RootCauses: [
          {
            Service: service,
            Region: region,
            LinkedAccount: sandboxAccountId,
            UsageType: usageType,
            Impact: { Contribution: cents(extra) },
          },
        ],
        AnomalyScore: { MaxScore: 0.9, CurrentScore: 0.9 },
        Impact,
        MonitorArn: `arn:aws:ce::${sandboxAccountId}:anomalymonitor/5a4d0b0c-0000-4000-8000-000000000001`,
      },
    ],
  };
}

function metrics(units: number) {
  return { UnblendedCost: { Amount: (units / unitsPerDollar).toFixed(10), Unit: 'USD' } };
}

function dateText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
