import type { GetCostForecastCommandInput, GetCostForecastCommandOutput } from '@aws-sdk/client-cost-explorer';
import { matching } from './cost-filter.ts';
import { itemsOf, unitsPerDollar } from './cost-items.ts';
import { notInSandbox, ServiceFault } from './fault.ts';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** AWS foretells so far by the day. */
const longestDays = 93;

/** Each day as the same day of the week was in the four weeks before; the days of the past are what they are. */
export function forecast(
  { TimePeriod, Granularity, Metric, Filter, PredictionIntervalLevel = 80 }: GetCostForecastCommandInput,
  now: number,
): Omit<GetCostForecastCommandOutput, '$metadata'> {
  const { Start = '', End = '' } = TimePeriod ?? {};
  const [start, end] = [Date.parse(Start), Date.parse(End)];
  if (Granularity !== 'DAILY' || Metric !== 'UNBLENDED_COST') throw notInSandbox(`forecasts of ${Metric} by ${Granularity}`);
  if (!(start < end)) throw new ServiceFault('ValidationException', `Requested Start: ${Start} must be before requested End: ${End}`);
  if (end - start > longestDays * dayMs) throw new ServiceFault('ValidationException', 'Daily forecasts reach three months ahead');
  const passes = matching(Filter);
  const costOf = (day: number) => itemsOf(day, now).reduce((sum, item) => sum + (passes(item) ? item.units : 0), 0);
  const today = now - (now % dayMs);
  const days = [];
  for (let day = start; day < end; day += dayMs) {
    const lastSame = day - Math.ceil(Math.max(0, day - today + dayMs) / weekMs) * weekMs;
    const like = day < today ? [day] : [0, 1, 2, 3].map((weeks) => lastSame - weeks * weekMs);
    days.push({ day, units: Math.round(like.map(costOf).reduce((sum, units) => sum + units, 0) / like.length) });
  }
  const text = (units: number) => (units / unitsPerDollar).toFixed(10);
  const swing = (0.12 * PredictionIntervalLevel) / 80;
  return {
    Total: { Amount: text(days.reduce((sum, { units }) => sum + units, 0)), Unit: 'USD' },
    ForecastResultsByTime: days.map(({ day, units }) => ({
      TimePeriod: { Start: new Date(day).toISOString().slice(0, 10), End: new Date(day + dayMs).toISOString().slice(0, 10) },
      MeanValue: text(units),
      PredictionIntervalLowerBound: text(Math.round(units * (1 - swing))),
      PredictionIntervalUpperBound: text(Math.round(units * (1 + swing))),
    })),
  };
}
