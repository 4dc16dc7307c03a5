import { createHash } from 'node:crypto';
import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { LedgerEntry } from '../ports/cost-sources.ts';
import type { CostsPort, NewEntry, Recorded } from '../ports/costs.ts';
import type { StateStore } from '../ports/state.ts';
import { addMonths, dateOf, dayNamed, dayOf } from './calendar.ts';
import { centsOfDecimal, moneyOf, rounded } from './cents.ts';

const longestMonths = 120;
const longestText = { vendor: 80, description: 200, team: 128, application: 128 } as const;
const leaseMs = 10_000;

export interface LedgerOptions {
  readonly store: Pick<StateStore, 'appendCostEntry' | 'costEntries' | 'takeLease' | 'releaseLease'>;
  readonly now: () => number;
  /** The candidate that a word was probably meant for. */
  readonly nearest: (word: string, candidates: readonly string[]) => string | undefined;
}

/**
 * What no API tells, written down by those who know. Nothing is ever changed: what was wrong is made right by an entry of the
 * difference, which has the date, currency and tags of the first, so that it lies in the same months.
 */
export function createLedger({ store, now, nearest }: LedgerOptions): Pick<CostsPort, 'record' | 'correct'> {
  return {
    async record(entry, call) {
      const checked = entryOf(entry, now(), nearest);
      const shown = { month: checked.date.slice(0, 7), amount: moneyOf(checked.cents, checked.currency) };
      if (call.dryRun)
        return {
          ...shown,
          plan: {
            current: {},
            change: { date: checked.date, months: String(checked.months), amount: shown.amount },
            providerChecked: false,
          },
        };
      const written = write(store, { ...checked, id: idOf(call), recordedAt: now(), recordedBy: call.actor }, call);
      return { id: written.id, ...shown };
    },

    async correct(id, amount, description, call) {
      return alone(store, now(), call, () => {
        const all = store.costEntries();
        const first = correctable(all, id);
        const wanted = BigInt(centsOfAmount(amount));
        const text = textOf('description', description);
        // The same call again finds its own entry, which is in the sum already.
        const others = all.filter((each) => (each.id === id || each.corrects === id) && each.id !== idOf(call));
        const present = others.reduce((sum, { cents }) => sum + BigInt(cents), 0n);
        const difference = wanted - present;
        if (difference === 0n)
          throw invalid(
            `The entry ${id} comes to ${moneyOf(present, first.currency)} already.`,
            'Give the amount that it should have been.',
          );
        const shown = { month: first.date.slice(0, 7), amount: moneyOf(wanted, first.currency), corrects: id };
        if (call.dryRun) {
          const change = { amount: shown.amount, entry: moneyOf(difference, first.currency) };
          return { ...shown, plan: { current: { amount: moneyOf(present, first.currency) }, change, providerChecked: false } };
        }
        const entry = {
          ...first,
          id: idOf(call),
          recordedAt: now(),
          recordedBy: call.actor,
          description: text,
          cents: Number(difference),
          corrects: id,
        };
        return { id: write(store, entry, call).id, ...shown };
      });
    },
  };
}

/** The same for a repeated call with the same idempotency key. */
function idOf({ clientToken }: CallScope): string {
  return `ent_${createHash('sha256').update(clientToken).digest('hex').slice(0, 12)}`;
}

/** Writes it once, however often it is called. */
function write(store: LedgerOptions['store'], entry: LedgerEntry, call: CallScope): LedgerEntry {
  const old = store.costEntries().find(({ id }) => id === entry.id);
  if (old) return old;
  const settle = call.ledger.attempt();
  try {
    store.appendCostEntry(entry);
  } catch (error) {
    settle('refused');
    throw error;
  }
  settle('applied');
  return entry;
}

/** Two corrections at once would each be worked out without the other. A plan needs no turn. */
function alone(store: LedgerOptions['store'], now: number, call: CallScope, work: () => Recorded): Recorded {
  if (call.dryRun) return work();
  const lease = store.takeLease('cost ledger', call.callId, now, leaseMs);
  if (!('token' in lease))
    throw new CallError('provider_conflict', 'Another correction is being written.', {
      remedy: 'Call again in a few seconds.',
      retryable: true,
      retryAfterMs: leaseMs,
    });
  try {
    return work();
  } finally {
    store.releaseLease('cost ledger', lease.token);
  }
}

function correctable(all: readonly LedgerEntry[], id: string): LedgerEntry {
  const entry = all.find((each) => each.id === id);
  if (!entry) throw invalid(`There is no entry ${id}.`, 'Take the id from costs_record, or from costs_breakdown by entry.');
  if (entry.corrects)
    throw invalid(
      `${id} is a correction itself.`,
      `Correct ${entry.corrects}, the entry that it belongs to: give the amount that it should have been.`,
    );
  return entry;
}

function entryOf(entry: NewEntry, now: number, nearest: LedgerOptions['nearest']) {
  const cents = centsOfAmount(entry.amount);
  if (cents === 0) throw invalid('The amount is zero.', 'Give what was paid, or a negative amount for money back.');
  if (!Number.isInteger(entry.months) || entry.months < 1 || entry.months > longestMonths)
    throw invalid(
      `${entry.months} is no number of months.`,
      `Give 1 to ${longestMonths}: 1 for what belongs to its month alone, 12 for a year that is paid at once.`,
    );
  const { team, application } = entry;
  return {
    date: dateOfEntry(entry.date, now),
    months: entry.months,
    vendor: textOf('vendor', entry.vendor),
    description: textOf('description', entry.description),
    currency: currencyOf(entry.currency, nearest),
    cents,
    ...(team === undefined ? {} : { team: textOf('team', team) }),
    ...(application === undefined ? {} : { application: textOf('application', application) }),
  };
}

function centsOfAmount(amount: string): number {
  const [, decimals] = /^-?\d{1,9}(?:\.(\d+))?$/.exec(amount) ?? ['', 'none'];
  const cents = decimals === 'none' ? undefined : centsOfDecimal(amount);
  if (!cents)
    throw invalid(`"${amount}" is no amount.`, 'Give decimal text like 12.34, below a billion, without a currency sign or separators.');
  if ((decimals?.length ?? 0) > 2) throw invalid(`${amount} has more than two decimals.`, 'Round it to cents, as it was billed.');
  return Number(rounded(cents));
}

function currencyOf(currency: string, nearest: LedgerOptions['nearest']): string {
  const known = Intl.supportedValuesOf('currency');
  if (known.includes(currency)) return currency;
  const meant = nearest(currency, known);
  throw invalid(
    `${currency} is no currency.`,
    meant ? `Did you mean ${meant}? Give an ISO 4217 code.` : 'Give an ISO 4217 code like USD or EUR.',
  );
}

function dateOfEntry(date: string, now: number): string {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? dayNamed(date) : Number.NaN;
  if (Number.isNaN(day) || dateOf(day) !== date) throw invalid(`"${date}" is no date.`, 'Give a day like 2026-11-22.');
  const today = dayOf(now);
  const [oldest, newest] = [addMonths(today, -60), addMonths(today, 12)];
  if (day < oldest || day > newest)
    throw invalid(`${date} is too far away.`, `Give a day from ${dateOf(oldest)} to ${dateOf(newest)}: five years ago to a year ahead.`);
  return date;
}

function textOf(name: keyof typeof longestText, text: string): string {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    throw invalid(`The ${name} holds a line break or another control character.`, 'Write it on one line.');
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longestText[name])
    throw invalid(`The ${name} has ${trimmed.length} characters.`, `Give 1 to ${longestText[name]}.`);
  return trimmed;
}

function invalid(message: string, remedy: string): CallError {
  return new CallError('invalid_input', message, { remedy });
}
