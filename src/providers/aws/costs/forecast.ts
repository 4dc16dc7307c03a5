import type { GetCostForecastCommandInput, GetCostForecastCommandOutput } from '@aws-sdk/client-cost-explorer';
import type { AwsForecast, CostPeriod } from '../../../ports/cost-sources.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { answered } from '../errors.ts';
import { decimalText, moneyOf, sumOf } from './amounts.ts';
import { filterOf } from './usage.ts';

const action = 'GetCostForecast';

/** Percent. */
const level = 80;

/**
 * By the day, although only the sum is wanted: AWS does not document whether the figure of a month that has begun includes its days so
 * far, and those who use it disagree. What is said of a day is beyond doubt. AWS foretells three months by the day. `End` is exclusive.
 */
export function forecastRequest(account: AccountTarget, { from, until }: CostPeriod): GetCostForecastCommandInput {
  return {
    TimePeriod: { Start: from, End: until },
    Metric: 'UNBLENDED_COST',
    Granularity: 'DAILY',
    // Credits would hide what is used up, and are in no total of ours.
    Filter: filterOf(account, { withoutCredits: true }),
    PredictionIntervalLevel: level,
  };
}

/** The sum of the bounds of days is wider than the bound of their sum: what AWS promises of each holds for all the more. Throws `CallError`. */
export function forecastOf({ Total, ForecastResultsByTime }: GetCostForecastCommandOutput, { from, until }: CostPeriod): AwsForecast {
  const days = answered(ForecastResultsByTime, action).filter(({ TimePeriod }) => {
    const day = answered(TimePeriod?.Start, action).slice(0, 10);
    return day >= from && day < until;
  });
  answered(days[0], action);
  const { currency } = moneyOf(Total, action);
  const sum = (pick: (day: (typeof days)[number]) => string | undefined) => sumOf(days.map((day) => decimalText(pick(day), action)));
  return {
    currency,
    mean: sum(({ MeanValue }) => MeanValue),
    low: sum(({ PredictionIntervalLowerBound }) => PredictionIntervalLowerBound),
    high: sum(({ PredictionIntervalUpperBound }) => PredictionIntervalUpperBound),
    level,
  };
}
