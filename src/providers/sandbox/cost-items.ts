import type { Tags } from '../../ports/domain.ts';
import { sandboxAccountId } from './fleet.ts';

/** What one thing costs on one day. */
export interface CostItem {
  readonly service: string;
  readonly usageType: string;
  readonly region: string;
  readonly recordType: 'Usage' | 'Tax' | 'Credit' | 'Refund';
  readonly account: string;
  readonly tags: Tags;
  /** Integer units of 10⁻¹⁰ US dollars, so that sums by whatever group are equal. */
  readonly units: number;
}

type Kind = Pick<CostItem, 'service' | 'usageType' | 'region' | 'tags'>;
interface Use extends Kind {
  /** US dollars a day; of machines their hours by the price of an hour. */
  readonly perDay: number;
  /** Runs whether anybody works or not. */
  readonly always?: boolean;
}

const dayMs = 86_400_000;
const home = 'eu-north-1';
const taxRate = 0.08;
export const compute = 'Amazon Elastic Compute Cloud - Compute';

const tagged = (Team: string, rest: Tags = {}): Tags => ({ Project: 'Ziggie', Team, ...rest });
const backend = (Name?: string) => tagged('backend', { Application: 'ziggie-backend', ...(Name ? { Name } : {}) });
const frontend = (Name?: string) => tagged('frontend', { Application: 'ziggie-web', ...(Name ? { Name } : {}) });
const at = (service: string, usageType: string, perDay: number, tags: Tags, more: { region?: string; always?: boolean } = {}): Use => ({
  service,
  usageType,
  perDay,
  region: home,
  tags,
  ...more,
});

const uses: readonly Use[] = [
  at(compute, 'EUN1-BoxUsage:t3.small', 24 * 0.0216, frontend('ziggie-web-1'), { always: true }),
  at(compute, 'EUN1-BoxUsage:t3.medium', 10 * 0.0432, backend('ziggie-api-1')),
  at(compute, 'EUN1-BoxUsage:c6i.xlarge', 0.8 * 0.182, tagged('platform', { Name: 'ziggie-ci-runner' })),
  at(compute, 'EUN1-BoxUsage:t3.micro', 24 * 0.0108, {}, { always: true }),
  at('EC2 - Other', 'EUN1-EBS:VolumeUsage.gp3', 0.041, backend('ziggie-api-1'), { always: true }),
  at('EC2 - Other', 'EUN1-EBS:SnapshotUsage', 0.014, {}, { always: true }),
  at('AWS Data Transfer', 'EUN1-DataTransfer-Out-Bytes', 0.045, frontend()),
  at('Amazon Simple Storage Service', 'EUN1-TimedStorage-ByteHrs', 0.03, backend(), { always: true }),
  at('Amazon Simple Storage Service', 'EUN1-Requests-Tier1', 0.008, backend()),
  at('Amazon Simple Storage Service', 'EUW1-TimedStorage-ByteHrs', 0.012, {}, { region: 'eu-west-1', always: true }),
  at('AWS Lambda', 'EUN1-Lambda-GB-Second', 0.02, backend()),
  at('AWS Lambda', 'EUN1-Request', 0.004, backend()),
  at('AmazonCloudWatch', 'EUN1-DataProcessing-Bytes', 0.05, tagged('platform')),
  at('AmazonCloudWatch', 'EUN1-CW:AlarmMonitorUsage', 0.013, tagged('platform'), { always: true }),
  at('AWS Cost Explorer', 'USE1-APIRequest', 0.02, {}, { region: 'us-east-1', always: true }),
];

/** Somebody switched a large machine on for a test of five days, ten hours of each, and nobody knows who. */
export const spike = {
  monthsAgo: 3,
  days: [11, 12, 13, 14, 15],
  perDay: 10 * 0.816,
  kind: { service: compute, usageType: 'EUN1-BoxUsage:m5.4xlarge', region: home, tags: { Project: 'Ziggie', Name: 'ziggie-bench' } },
} as const;
const credit = { day: 1, dollars: -2, kind: { service: compute, usageType: 'EUN1-BoxUsage:t3.micro', region: home, tags: {} } } as const;
const refund = {
  monthsAgo: 5,
  day: 12,
  dollars: -4.35,
  kind: { service: 'AWS Data Transfer', usageType: 'EUN1-DataTransfer-Out-Bytes', region: home, tags: {} },
} as const;
const tax: Kind = { service: 'Tax', usageType: 'NoUsageType', region: 'NoRegion', tags: {} };

/** First of the month that is so many months before that of `now`, in epoch milliseconds. */
export function monthStart(now: number, monthsAgo: number): number {
  const today = new Date(now);
  return Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - monthsAgo, 1);
}

/** The account began to cost something with the first of fourteen months, the present one counted. */
export const bornMonthsAgo = 13;

/** What a day of UTC costs, today as far as it has gone: by the date alone, so that two who look at one moment see the same. */
export function itemsOf(day: number, now: number): CostItem[] {
  const passed = Math.min(1, Math.max(0, (now - day) / dayMs));
  if (passed === 0 || day < monthStart(now, bornMonthsAgo)) return [];
  const date = new Date(day).getUTCDate();
  const isIn = ({ monthsAgo }: { monthsAgo: number }) => day >= monthStart(now, monthsAgo) && day < monthStart(now, monthsAgo - 1);
  const used = uses.map((use, index) => item(use, 'Usage', use.perDay * passed * mood(day / dayMs, index, use.always)));
  if (isIn(spike) && spike.days.some((each) => each === date)) used.push(item(spike.kind, 'Usage', spike.perDay));
  const taxed = item(tax, 'Tax', (used.reduce((sum, { units }) => sum + units, 0) * taxRate) / unitsPerDollar);
  const back = [];
  if (date === credit.day) back.push(item(credit.kind, 'Credit', credit.dollars));
  if (isIn(refund) && date === refund.day) back.push(item(refund.kind, 'Refund', refund.dollars));
  return [...used, taxed, ...back];
}

export const unitsPerDollar = 10_000_000_000;

function item({ service, usageType, region, tags }: Kind, recordType: CostItem['recordType'], dollars: number): CostItem {
  return { service, usageType, region, tags, recordType, account: sandboxAccountId, units: Math.round(dollars * unitsPerDollar) };
}

/** Less at the weekend where people are the reason, more in winter, and no two days alike: 1970-01-01 was a Thursday. */
function mood(day: number, index: number, always = false): number {
  if (always) return 1 + Math.sin(day / 40 + index) / 50;
  return ((day + 3) % 7 < 5 ? 1.1 : 0.7) * (1 + Math.sin(day * 12.9898 + index) / 12) * (1 + Math.cos((day / 365.25) * 2 * Math.PI) / 12);
}
