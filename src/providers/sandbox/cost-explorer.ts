import type { GetCostAndUsageCommandInput, GetCostAndUsageCommandOutput } from '@aws-sdk/client-cost-explorer';
import { type Answers, notInSandbox, ServiceFault } from './fault.ts';

/** US dollars a day, give or take; Cost Explorer is what a look each morning costs. */
const services = [
  ['Amazon Elastic Compute Cloud - Compute', 3.42],
  ['Amazon Simple Storage Service', 0.41],
  ['AWS Lambda', 0.087],
  ['AmazonCloudWatch', 0.236],
  ['AWS Cost Explorer', 0.01],
] as const;

const dayMs = 86_400_000;

/** What the fleet costs, by the date alone: two who look at one moment see the same. Only whole months by service and charge type. */
export function createCostExplorer(now: () => number): Answers {
  return {
    GetCostAndUsageCommand: (
      _,
      { TimePeriod, Granularity, Metrics, GroupBy = [] }: GetCostAndUsageCommandInput,
    ): Omit<GetCostAndUsageCommandOutput, '$metadata'> => {
      const [start, end] = [Date.parse(TimePeriod?.Start ?? ''), Date.parse(TimePeriod?.End ?? '')];
      if (!(start < end)) throw new ServiceFault('ValidationException', 'Start date (and hour) should be before end date (and hour)');
      const groups = GroupBy.map(({ Key }) => Key).join();
      if (Granularity !== 'MONTHLY' || Metrics?.join() !== 'UnblendedCost' || groups !== 'SERVICE,RECORD_TYPE') {
        throw notInSandbox(`costs by ${Granularity} and ${groups}`);
      }
      const amount = (dollars: number) => ({ UnblendedCost: { Amount: dollars.toFixed(10), Unit: 'USD' } });
      const until = Math.min(end, now());
      const used = services.map(([service, perDay], index) => ({
        Keys: [service, 'Usage'],
        Metrics: amount(daysBetween(start, until).reduce((sum, [day, part]) => sum + perDay * part * mood(day, index), 0)),
      }));
      return {
        GroupDefinitions: GroupBy,
        ResultsByTime: [
          {
            TimePeriod,
            Total: {},
            Groups: [...used, { Keys: [services[0][0], 'Credit'], Metrics: amount(-2) }],
            Estimated: true,
          },
        ],
        DimensionValueAttributes: [],
      };
    },
  };
}

/** Days and how much of each has passed. */
function daysBetween(start: number, until: number): [number, number][] {
  const days: [number, number][] = [];
  for (let at = start; at < until; at += dayMs) days.push([at / dayMs, Math.min(1, (until - at) / dayMs)]);
  return days;
}

/** Less at the weekend, and no two days alike: 1970-01-01 was a Thursday. */
function mood(day: number, index: number): number {
  return ((day + 3) % 7 < 5 ? 1 : 0.7) * (1 + Math.sin(day * 12.9898 + index) / 12);
}
