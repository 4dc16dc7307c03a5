import type { CostGroup, CostRow, LedgerEntry, PaidMachine, PaidSubscription } from '../ports/cost-sources.ts';
import type { CostProvider } from '../ports/costs.ts';
import { addMonths, type Day, dayNamed, firstOfMonth } from './calendar.ts';
import { type Cents, centsOfDecimal, shareOf } from './cents.ts';
import { scheduleOf } from './subscription.ts';
import { unreadable } from './unreadable.ts';

/** One exact amount of the bill and all that is known of it: every total of every view is a sum of these. */
export interface Part {
  readonly provider: CostProvider;
  /** Of ziggie.yaml; `hostinger`; `ledger` */
  readonly account: string;
  /** AWS's name; `Hostinger KVM 2`; of an entry its vendor. Empty where AWS was not asked for it. */
  readonly service: string;
  /** Credits and refunds are negative, and in no total. */
  readonly kind: 'cost' | 'credit' | 'refund';
  readonly currency: string;
  readonly cents: Cents;
  /** Where it is of one day. */
  readonly day?: Day;
  readonly usageType?: string;
  readonly region?: string;
  readonly team?: string;
  readonly application?: string;
  /** `hostinger/1001 vps-1`; at AWS the value of its tag. */
  readonly instance?: string;
  /** Id, vendor and description of an entry; a correction counts to the entry that it corrects. */
  readonly entry?: string;
}

/** Keys of the tags that tell whose a cost is. */
export interface TagKeys {
  readonly team: string;
  readonly application: string;
  readonly instance: string;
}

/** What AWS answered for one account. */
export interface AwsRows {
  /** Its name in ziggie.yaml. */
  readonly account: string;
  readonly granularity: 'month' | 'day';
  readonly groups: readonly CostGroup[];
  readonly rows: readonly CostRow[];
}

export interface PaidAtHostinger {
  readonly subscriptions: readonly PaidSubscription[];
  readonly machines: readonly PaidMachine[];
}

/** What a bill is made of; what was not asked, or did not answer, is absent. */
export interface Sources {
  readonly aws: readonly AwsRows[];
  readonly hostinger?: PaidAtHostinger;
  readonly ledger: readonly LedgerEntry[];
  readonly tags: TagKeys;
}

/**
 * The parts of days `from` to `until` (not included). Of AWS the rows that begin there; of what is paid by the period, and of entries
 * for several months, the share of those days.
 * @param byDay each day's share as a part of its own
 * @throws CallError `provider_unavailable` for an amount of AWS that is no number
 */
export function partsOf(sources: Sources, from: Day, until: Day, byDay = false): Part[] {
  const { aws, hostinger, ledger, tags } = sources;
  const spans = byDay
    ? Array.from({ length: Math.max(0, until - from) }, (_, index) => [from + index, from + index + 1] as const)
    : [[from, until] as const];
  const ofEach = (spread: (from: Day, until: Day) => Cents, about: Omit<Part, 'cents' | 'day'>): Part[] =>
    spans
      .map(([first, end]) => ({ ...about, cents: spread(first, end), ...(byDay ? { day: first } : {}) }))
      .filter(({ cents }) => cents.numerator !== 0n);
  const firsts = new Map(ledger.map((entry) => [entry.id, entry]));
  return [
    ...aws.flatMap((answer) => awsParts(answer, tags, from, until)),
    ...(hostinger?.subscriptions ?? []).flatMap((paid) => {
      const schedule = scheduleOf(paid);
      return schedule ? ofEach(schedule.spread, aboutSubscription(paid, hostinger?.machines ?? [], tags)) : [];
    }),
    ...ledger.flatMap((entry) => ofEach((first, end) => shareOfEntry(entry, first, end), aboutEntry(entry, firsts))),
  ];
}

function awsParts({ account, granularity, groups, rows }: AwsRows, tags: TagKeys, from: Day, until: Day): Part[] {
  return rows.flatMap((row) => {
    const day = dayNamed(row.from);
    if (day < from || day >= until) return [];
    const known = { provider: 'aws', account, service: '', kind: 'cost', currency: row.currency, cents: centsOf(row) } as const;
    const ofGroups = Object.assign({}, ...groups.map((group, index) => ofGroup(group, row.keys[index] ?? '', tags)));
    return [{ ...known, ...ofGroups, ...(granularity === 'day' ? { day } : {}) }];
  });
}

function ofGroup(group: CostGroup, key: string, tags: TagKeys): Partial<Part> {
  if (typeof group === 'object') {
    // One tag may tell several.
    const whose = (['team', 'application', 'instance'] as const).filter((name) => key && tags[name] === group.tag);
    return Object.fromEntries(whose.map((name) => [name, key]));
  }
  return { [group]: key };
}

function aboutSubscription({ id, name, currency }: PaidSubscription, machines: readonly PaidMachine[], tags: TagKeys): Omit<Part, 'cents'> {
  const machine = machines.find(({ subscription }) => subscription === id);
  const tag = (key: string, value = machine?.tags[key]) => value || undefined;
  const [team, application] = [tag(tags.team), tag(tags.application)];
  return {
    provider: 'hostinger',
    account: 'hostinger',
    service: `Hostinger ${name}`,
    kind: 'cost',
    currency,
    ...(team ? { team } : {}),
    ...(application ? { application } : {}),
    ...(machine ? { instance: `hostinger/${machine.id} ${machine.name}` } : {}),
  };
}

function aboutEntry(entry: LedgerEntry, ledger: ReadonlyMap<string, LedgerEntry>): Omit<Part, 'cents'> {
  const { id, vendor, description } = (entry.corrects === undefined ? undefined : ledger.get(entry.corrects)) ?? entry;
  const { currency, team, application } = entry;
  return {
    provider: 'recorded',
    account: 'ledger',
    service: vendor,
    kind: 'cost',
    currency,
    ...(team ? { team } : {}),
    ...(application ? { application } : {}),
    entry: `${id} ${vendor}: ${description}`,
  };
}

/** By days, over whole calendar months from that of its date on. A correction has the date and months of what it corrects. */
function shareOfEntry({ cents, date, months }: LedgerEntry, from: Day, until: Day): Cents {
  const first = firstOfMonth(dayNamed(date));
  const end = addMonths(first, months);
  return shareOf(cents, Math.max(0, Math.min(until, end) - Math.max(from, first)), end - first);
}

function centsOf({ amount, keys }: CostRow): Cents {
  const cents = centsOfDecimal(amount);
  if (cents) return cents;
  throw unreadable(`Cost Explorer gave an amount for ${keys.join(', ')} that is no number: ${amount}.`);
}
