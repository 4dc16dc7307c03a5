import type { AwsCosts, CostGroup, CostPeriod, CostQuestion, CostRow, PaidSubscription } from '../../src/ports/cost-sources.ts';

/** Ten-billionths of a unit: as precise as AWS writes. */
export const unit = 10n ** 10n;

/** One thing on AWS's bill, as the test knows it. */
export interface Item {
  readonly account: string;
  readonly day: string;
  readonly service: string;
  readonly usageType: string;
  readonly region: string;
  readonly kind: 'cost' | 'credit' | 'refund';
  readonly currency: string;
  /** Ten-billionths. */
  readonly units: bigint;
  readonly tags: Readonly<Record<string, string>>;
}

export function item(day: string, service: string, amount: number, more: Partial<Item> = {}): Item {
  const units = BigInt(Math.round(amount * 1e6)) * 10n ** 4n;
  return {
    account: 'main',
    day,
    service,
    usageType: `${service} use`,
    region: 'eu-north-1',
    kind: 'cost',
    currency: 'USD',
    units,
    tags: {},
    ...more,
  };
}

/** `-0.0000000001` */
export function textOf(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(11, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`;
}

function keyOf(each: Item, group: CostGroup): string {
  if (typeof group === 'object') return each.tags[group.tag] ?? '';
  return each[group];
}

/** Rows of a question, told apart one item after the other. */
export function rowsOf(items: readonly Item[], { period, granularity, groups, withoutCredits }: CostQuestion): CostRow[] {
  const rows = new Map<string, { from: string; keys: string[]; currency: string; units: bigint }>();
  for (const each of items) {
    if (each.day < period.from || each.day >= period.until) continue;
    if (withoutCredits && each.kind !== 'cost') continue;
    const monthFirst = `${each.day.slice(0, 7)}-01`;
    const from = granularity === 'day' ? each.day : monthFirst < period.from ? period.from : monthFirst;
    const keys = groups.map((group) => keyOf(each, group));
    const id = JSON.stringify([from, keys, each.currency]);
    const row = rows.get(id) ?? { from, keys, currency: each.currency, units: 0n };
    row.units += each.units;
    rows.set(id, row);
  }
  return [...rows.values()].map(({ units, ...row }) => ({ ...row, amount: textOf(units) }));
}

export interface Asked {
  readonly account: string;
  readonly what: 'usage' | 'forecast' | 'anomalies';
  readonly period: CostPeriod;
  readonly question?: CostQuestion;
}

/** AWS with these items on its bill; what is before `openFrom` is final. */
export function awsWith(
  items: () => readonly Item[],
  openFrom: () => string,
): AwsCosts & { readonly asked: Asked[]; fails?: (asked: Asked) => Error | undefined } {
  const asked: Asked[] = [];
  const ask = (request: Asked, announce: () => void) => {
    announce();
    asked.push(request);
    const failure = aws.fails?.(request);
    if (failure) throw failure;
  };
  const aws: ReturnType<typeof awsWith> = {
    asked,
    async usage({ account }, question, _call, announce) {
      ask({ account, what: 'usage', period: question.period, question }, announce);
      const own = items().filter((each) => each.account === account);
      const isFinal = question.period.until <= openFrom();
      return { rows: rowsOf(own, question), isFinal, ...(isFinal || question.period.from >= openFrom() ? {} : { openFrom: openFrom() }) };
    },
    async forecast({ account }, period, _call, announce) {
      ask({ account, what: 'forecast', period }, announce);
      return { currency: 'USD', mean: '10', low: '5', high: '20', level: 80 };
    },
    async anomalies({ account }, period, _call, announce) {
      ask({ account, what: 'anomalies', period }, announce);
      return [];
    },
  };
  return aws;
}

/** A machine that is paid by the month. */
export function subscription(facts: Partial<PaidSubscription> = {}): PaidSubscription {
  return {
    id: 'A',
    name: 'KVM 2',
    status: 'active',
    period: { count: 1, unit: 'month' },
    currency: 'USD',
    totalCents: 3_000,
    renewalCents: 3_000,
    autoRenews: true,
    createdAt: '2026-01-01T00:00:00Z',
    nextBillingAt: '2026-12-01T00:00:00Z',
    ...facts,
  };
}
