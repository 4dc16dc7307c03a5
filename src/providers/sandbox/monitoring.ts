import type { GetMetricDataCommandInput, GetMetricDataCommandOutput, MetricStat } from '@aws-sdk/client-cloudwatch';
import { notInSandbox, ServiceFault } from './fault.ts';
import type { World } from './world.ts';

/** Middle and swing of what an instance reports in five minutes. */
const shapes: Readonly<Record<string, readonly [middle: number, swing: number]>> = {
  CPUUtilization: [28, 22],
  NetworkIn: [4_000_000, 3_000_000],
  NetworkOut: [9_000_000, 7_000_000],
  StatusCheckFailed: [0, 0],
};
const fiveMinutes = 300;

/** Believable and repeatable: the same instance, metric and time give the same value. Only running instances report. */
export function getMetricData(
  world: World,
  region: string,
  input: GetMetricDataCommandInput,
): Omit<GetMetricDataCommandOutput, '$metadata'> {
  const { StartTime, EndTime, MetricDataQueries = [] } = input;
  if (!StartTime || !EndTime || StartTime >= EndTime) throw new ServiceFault('ValidationError', 'EndTime must be later than StartTime.');
  return {
    MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }) => {
      if (!MetricStat) throw notInSandbox('metric expressions');
      const points = series(world, region, MetricStat, StartTime.getTime(), EndTime.getTime());
      return {
        Id,
        Label: MetricStat.Metric?.MetricName,
        StatusCode: 'Complete',
        Timestamps: points.map(([time]) => time),
        Values: points.map(([, value]) => value),
      };
    }),
  };
}

function series(world: World, region: string, { Metric, Period = 60, Stat }: MetricStat, from: number, to: number): [Date, number][] {
  const name = Metric?.MetricName ?? '';
  const shape = Metric?.Namespace === 'AWS/EC2' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (!shape) throw notInSandbox(`the metric ${Metric?.Namespace} ${name}`);
  if (Period % 60 !== 0) throw new ServiceFault('ValidationError', 'Period must be a multiple of 60.');
  const id = Metric?.Dimensions?.find((dimension) => dimension.Name === 'InstanceId')?.Value ?? '';
  const machine = world.find(region, id);
  if (machine?.state !== 'running') return [];
  const points: [Date, number][] = [];
  const factor = Stat === 'Sum' ? Math.max(1, Period / fiveMinutes) : 1;
  for (let time = from; time < to; time += Period * 1_000) {
    if (time >= machine.launchedAt.getTime()) points.push([new Date(time), factor * valueAt(`${id}/${name}`, shape, time)]);
  }
  return points;
}

/** A day's wave with its own phase for each instance, and a ripple on it. */
function valueAt(seed: string, [middle, swing]: readonly [number, number], time: number): number {
  const phase = [...seed].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000, 7) / 1_000;
  const day = Math.sin((time / 86_400_000 + phase) * 2 * Math.PI);
  const ripple = Math.sin((time / 1_700_000 + phase * 5) * 2 * Math.PI);
  return middle + swing * (0.7 * day + 0.3 * ripple);
}
