import type { CostAnomaly } from '../ports/cost-sources.ts';
import type { Mover } from '../ports/costs.ts';
import { summed } from './bill.ts';
import { type Day, dateOf } from './calendar.ts';
import { centsOfDecimal, decimalOf, rounded } from './cents.ts';
import type { Part } from './parts.ts';

const shownMovers = 3;
/** Changes below a whole unit of the currency move nobody. */
const leastCents = 100n;
/** Of what the service cost before, 1 / this. */
const leastShare = 20n;

/** A service that cost notably more, or less, than in the month before. */
export interface Change {
  readonly service: string;
  readonly currency: string;
  readonly was: bigint;
  readonly is: bigint;
  /** Whether AWS can say more of it. */
  readonly isAws: boolean;
}

/** The three biggest changes of each currency that are more than 1.00 and more than 5 % of what the service cost before. */
export function changesBetween(before: readonly Part[], after: readonly Part[]): Change[] {
  const [old, young] = [before, after].map((parts) => summed(parts, ({ service }) => service));
  const currencies = [...new Set([...(old ?? []), ...(young ?? [])].map(({ currency }) => currency))].sort();
  const centsIn = (sums: typeof old, currency: string) =>
    new Map(sums?.find((sum) => sum.currency === currency)?.rows.map(({ name, cents }) => [name, cents]));
  const ofAws = new Set([...before, ...after].filter(({ provider }) => provider === 'aws').map(({ service }) => service));
  return currencies.flatMap((currency) => {
    const [then, now] = [centsIn(old, currency), centsIn(young, currency)];
    return [...new Set([...now.keys(), ...then.keys()])]
      .map((service) => ({ service, currency, was: then.get(service) ?? 0n, is: now.get(service) ?? 0n, isAws: ofAws.has(service) }))
      .filter(({ was, is }) => size(is - was) > leastCents && size(is - was) * leastShare > size(was))
      .sort((a, b) => (size(b.is - b.was) > size(a.is - a.was) ? 1 : -1))
      .slice(0, shownMovers);
  });
}

/** What explains changes, as far as it could be read. */
export interface Reasons {
  /** By service and usage type. */
  readonly usage?: { readonly before: readonly Part[]; readonly after: readonly Part[] };
  /** By service and day: all of days `from` to `until` (not included). */
  readonly days?: { readonly parts: readonly Part[]; readonly from: Day; readonly until: Day };
  /** How many days of the month before are compared with. */
  readonly daysBefore: number;
  readonly anomalies: readonly CostAnomaly[];
}

export function moverOf({ service, currency, was, is, isAws }: Change, { usage, days, daysBefore, anomalies }: Reasons): Mover {
  const own = (parts: readonly Part[]) => parts.filter((part) => part.service === service && part.currency === currency);
  const up = is >= was;
  const used = isAws && usage ? largest(differences(own(usage.before), own(usage.after)), up) : undefined;
  const day = isAws && days ? largest(steps({ ...days, parts: own(days.parts) }, was, daysBefore), up) : undefined;
  const anomaly = isAws && up ? anomalies.find((each) => each.service === service) : undefined;
  return {
    service,
    change: `${signed(is - was)} ${currency}`,
    was: `${decimalOf(was)} → ${decimalOf(is)}`,
    ...(used ? { usage: `${used.name} ${signed(used.cents)}` } : {}),
    ...(day ? { day: `${day.name} ${signed(day.cents)}` } : {}),
    ...(anomaly ? { anomaly: wordsOf(anomaly) } : {}),
  };
}

interface Named {
  readonly name: string;
  readonly cents: bigint;
}

function differences(before: readonly Part[], after: readonly Part[]): Named[] {
  const [old, young] = [before, after].map(
    (parts) => new Map(summed(parts, ({ usageType }) => usageType)[0]?.rows.map(({ name, cents }) => [name, cents])),
  );
  const names = new Set([...(young?.keys() ?? []), ...(old?.keys() ?? [])]);
  return [...names].map((name) => ({ name, cents: (young?.get(name) ?? 0n) - (old?.get(name) ?? 0n) }));
}

/** From each day to the next; the first is compared with what a day of the month before cost. */
function steps({ parts, from, until }: NonNullable<Reasons['days']>, was: bigint, daysBefore: number): Named[] {
  const costs = new Map(summed(parts, ({ day }) => dateOf(day ?? 0))[0]?.rows.map(({ name, cents }) => [name, cents]));
  let previous = was / BigInt(daysBefore);
  return Array.from({ length: until - from }, (_, index) => {
    const name = dateOf(from + index);
    const cents = costs.get(name) ?? 0n;
    const step = { name, cents: cents - previous };
    previous = cents;
    return step;
  });
}

/** What moved furthest in the direction of the change, if anything did. */
function largest(all: readonly Named[], up: boolean): Named | undefined {
  const towards = all.filter(({ cents }) => (up ? cents > 0n : cents < 0n));
  return towards.reduce<Named | undefined>((best, each) => (!best || size(each.cents) > size(best.cents) ? each : best), undefined);
}

function wordsOf({ impact, from, region, usageType }: CostAnomaly): string {
  const cents = centsOfDecimal(impact);
  const where = [usageType, region].filter(Boolean).join(' in ');
  return `${cents ? `${signed(rounded(cents))} USD ` : ''}unusual from ${from.slice(0, 10)}${where ? `: ${where}` : ''}`;
}

export function signed(cents: bigint): string {
  return `${cents > 0n ? '+' : ''}${decimalOf(cents)}`;
}

function size(cents: bigint): bigint {
  return cents < 0n ? -cents : cents;
}
