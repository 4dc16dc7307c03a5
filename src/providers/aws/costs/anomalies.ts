import type { Anomaly, GetAnomaliesCommandInput } from '@aws-sdk/client-cost-explorer';
import type { CostAnomaly, CostPeriod } from '../../../ports/cost-sources.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { answered } from '../errors.ts';

const action = 'GetAnomalies';
const dayMs = 86_400_000;

/** `EndDate` is the last day, not the one behind it. */
export function anomaliesRequest({ from, until }: CostPeriod, token: string | undefined): GetAnomaliesCommandInput {
  const EndDate = new Date(Date.parse(until) - dayMs).toISOString().slice(0, 10);
  return { DateInterval: { StartDate: from, EndDate }, ...(token === undefined ? {} : { NextPageToken: token }) };
}

/** Undefined for what has its causes in other accounts of the organisation. Throws `CallError`. */
export function anomalyOf(anomaly: Anomaly, { accountId }: AccountTarget): { row: CostAnomaly; impact: number } | undefined {
  const { AnomalyId, AnomalyStartDate, AnomalyEndDate, DimensionValue, RootCauses = [], Impact } = anomaly;
  const causes = RootCauses.filter(({ LinkedAccount }) => LinkedAccount === undefined || LinkedAccount === accountId);
  if (RootCauses.length > 0 && causes.length === 0) return undefined;
  const [cause] = causes.toSorted((a, b) => (b.Impact?.Contribution ?? 0) - (a.Impact?.Contribution ?? 0));
  const { MaxImpact, TotalImpact = MaxImpact } = answered(Impact, action);
  // The total is of all accounts together.
  const shares = causes.length < RootCauses.length ? causes.flatMap((each) => each.Impact?.Contribution ?? []) : [];
  const found = shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) : TotalImpact;
  const impact = answered(typeof found === 'number' && Number.isFinite(found) ? found : undefined, action);
  const service = cause?.Service ?? DimensionValue;
  return {
    impact,
    row: {
      id: answered(AnomalyId, action),
      from: answered(AnomalyStartDate ?? AnomalyEndDate, action).slice(0, 10),
      ...(AnomalyEndDate ? { until: AnomalyEndDate.slice(0, 10) } : {}),
      ...(service ? { service } : {}),
      ...(cause?.Region ? { region: cause.Region } : {}),
      ...(cause?.UsageType ? { usageType: cause.UsageType } : {}),
      impact: impact.toFixed(2),
    },
  };
}
