import type {
  Anomaly,
  GetAnomaliesCommandOutput,
  GetCostAndUsageCommandOutput,
  GetCostForecastCommandOutput,
  Group,
  ResultByTime,
} from '@aws-sdk/client-cost-explorer';
import type { AccountTarget } from '../../src/ports/domain.ts';
import type { StubAnswer } from './functions-support.ts';
import { newCall } from './harness.ts';

/**
 * Replies of Cost Explorer for a JSON stub. No emulator has its forecasts, anomalies, pages and errors (moto gives back seeded usage
 * alone), so these are shaped by the SDK's types and by the examples of the AWS Cost Management API Reference.
 */

type Body<T> = Omit<T, '$metadata'>;

export const main: AccountTarget = {
  type: 'Account',
  id: 'main',
  provider: 'aws',
  account: 'main',
  accountId: '123456789012',
  regions: ['eu-north-1'],
  tags: {},
};

export const costActions = ['ce:GetCostAndUsage', 'ce:GetCostForecast', 'ce:GetAnomalies'];
export const costCall = () => newCall({ iam: costActions });

export const ofAccount = { Dimensions: { Key: 'LINKED_ACCOUNT', Values: ['123456789012'] } };
export const notGivenBack = { Not: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Credit', 'Refund'] } } };

export const cost = (Amount: string, Unit = 'USD') => ({ UnblendedCost: { Amount, Unit } });
export const group = (Keys: string[], Amount: string, Unit = 'USD'): Group => ({ Keys, Metrics: cost(Amount, Unit) });
export const period = (Start: string, End: string, more: Partial<ResultByTime>): ResultByTime => ({
  TimePeriod: { Start, End },
  Total: {},
  Groups: [],
  Estimated: false,
  ...more,
});

export const usage = (ResultsByTime: ResultByTime[], NextPageToken?: string) =>
  reply({ ResultsByTime, DimensionValueAttributes: [], NextPageToken } satisfies Body<GetCostAndUsageCommandOutput>);

/** Groups of October 2026. */
export const bill = (Groups: Group[], NextPageToken?: string) => usage([period('2026-10-01', '2026-11-01', { Groups })], NextPageToken);

export const forecast = (days: [day: string, mean: string, low: string, high: string][], Unit = 'USD') =>
  reply({
    Total: { Amount: String(days.reduce((sum, [, mean]) => sum + Number(mean), 0)), Unit },
    ForecastResultsByTime: days.map(([Start, MeanValue, PredictionIntervalLowerBound, PredictionIntervalUpperBound]) => ({
      TimePeriod: { Start, End: Start },
      MeanValue,
      PredictionIntervalLowerBound,
      PredictionIntervalUpperBound,
    })),
  } satisfies Body<GetCostForecastCommandOutput>);

export const anomalies = (Anomalies: Anomaly[], NextPageToken?: string) =>
  reply({ Anomalies, NextPageToken } satisfies Body<GetAnomaliesCommandOutput>);

export const anomaly = (AnomalyId: string, TotalImpact: number, more: Partial<Anomaly> = {}): Anomaly => ({
  AnomalyId,
  AnomalyStartDate: '2026-08-11T00:00:00Z',
  AnomalyEndDate: '2026-08-15T00:00:00Z',
  DimensionValue: 'AWS Lambda',
  AnomalyScore: { MaxScore: 0.9, CurrentScore: 0.5 },
  Impact: { MaxImpact: TotalImpact, TotalImpact },
  MonitorArn: 'arn:aws:ce::123456789012:anomalymonitor/5a4d0b0c-0000-4000-8000-000000000001',
  ...more,
});

export const refusal = (code: string, message = 'as the service says', status = 400): StubAnswer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.ce#${code}`, message }),
});

export function reply(body: object): { readonly body: string } {
  return { body: JSON.stringify(body) };
}
