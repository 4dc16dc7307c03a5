import { canonicalJson } from '../call/canonical.ts';
import type { CostAnswer, CostPeriod, CostQuestion } from '../ports/cost-sources.ts';
import type { CostStore } from './asked-once.ts';
import { type Day, dateOf, dayNamed, dayOf, monthOf } from './calendar.ts';
import type { Kept } from './cost-reader.ts';

type Held = Kept<CostAnswer>;

export interface MonthsOptions {
  readonly store: Pick<CostStore, 'keptCosts' | 'keepCosts'>;
  readonly today: Day;
  readonly isYoung: (fetchedAt: number) => boolean;
}

type Facts = Omit<MonthsOptions, 'store'>;

/** The part of a question that is of one month, and so one answer in the store. */
interface Piece {
  readonly period: CostPeriod;
  readonly name: string;
}

/**
 * A question about usage as the answers that it is kept as: one for each month that it reaches over. What AWS calls final, and is of
 * days that are over, is good for ever; so a closed month is paid for once, whatever periods it is asked in.
 */
export function usageByMonth(account: string, question: CostQuestion, { store, ...facts }: MonthsOptions) {
  const { today } = facts;
  const pieces = monthsIn(question.period).map((period): Piece => ({ period, name: nameOf(question, period, today) }));

  const held = (name: string): Held | undefined => {
    const kept = store.keptCosts(account, name);
    // Of this server's own making, so not checked again.
    return kept && { value: JSON.parse(kept.answer) as CostAnswer, fetchedAt: kept.fetchedAt };
  };
  /** Where the month has ended since, what was known of it before; that is never fresh. */
  const heldOf = ({ period, name }: Piece) => {
    const answer = held(name);
    const last = answer ?? (endsMonth(period) ? held(nameOf(question, period)) : undefined);
    return last && { ...last, isFresh: answer !== undefined && isFresh(answer, period, facts) };
  };

  return {
    question: `usage ${pieces.map(({ name }) => name).join(' ')}`,
    /** Undefined where a month was never asked for. */
    kept(): (Held & { readonly isFresh: boolean }) | undefined {
      const all = pieces.flatMap((piece) => heldOf(piece) ?? []);
      return all.length < pieces.length ? undefined : { ...together(all), isFresh: all.every((each) => each.isFresh) };
    },
    /** The shortest period that has every month that is not fresh. */
    stretch(): CostPeriod {
      const missing = pieces.filter((piece) => !heldOf(piece)?.isFresh);
      return { from: (missing[0] ?? pieces[0])?.period.from ?? '', until: (missing.at(-1) ?? pieces.at(-1))?.period.until ?? '' };
    },
    /**
     * Keeps what was answered for a stretch. AWS answers for the days that it was asked for; an emulator with whatever was put down for
     * it, whose dates say nothing: that is taken for the first day of the last month asked for. What is kept as final stays as it is.
     */
    keep(answer: CostAnswer, stretch: CostPeriod, fetchedAt: number): Held {
      const asked = pieces.filter(({ period }) => period.from >= stretch.from && period.until <= stretch.until);
      const last = asked.at(-1);
      const dated = answer.rows.map((row) => {
        const piece = asked.find(({ period }) => isIn(row.from, period, question.granularity));
        return piece ? { row, piece } : { row: { ...row, from: last?.period.from ?? row.from }, piece: last };
      });
      const rows = Map.groupBy(dated, ({ piece }) => piece);
      for (const piece of asked) {
        if (held(piece.name)?.value.isFinal) continue;
        const value: CostAnswer = { rows: (rows.get(piece) ?? []).map(({ row }) => row), isFinal: isFinal(answer, piece.period, today) };
        store.keepCosts(account, piece.name, { fetchedAt, answer: JSON.stringify(value) });
      }
      return together(pieces.flatMap((piece) => heldOf(piece) ?? []));
    },
  };
}

/** A month that is asked for from a day on may be called by its first day all the same. */
function isIn(from: string, period: CostPeriod, granularity: CostQuestion['granularity']): boolean {
  const first = granularity === 'month' ? `${period.from.slice(0, 7)}-01` : period.from;
  return from >= first && from < period.until;
}

function endsMonth({ from, until }: CostPeriod): boolean {
  return dayNamed(until) === monthOf(dayNamed(from)).end;
}

/** What is called final of days that are not over is a mistake, and would be good for ever. */
function isFinal({ isFinal: all, openFrom }: CostAnswer, { until }: CostPeriod, today: Day): boolean {
  return (all || (openFrom !== undefined && until <= openFrom)) && dayNamed(until) <= today;
}

/** Of days up to now, yesterday's answer has yesterday only in part. */
function isFresh({ value, fetchedAt }: Held, { until }: CostPeriod, { today, isYoung }: Facts): boolean {
  return value.isFinal || (isYoung(fetchedAt) && (dayNamed(until) <= today || dayOf(fetchedAt) >= today));
}

/** Final answers do not age: the others say how old it is. */
function together(held: readonly Held[]): Held {
  const changing = held.filter(({ value }) => !value.isFinal).map(({ fetchedAt }) => fetchedAt);
  return {
    value: { rows: held.flatMap(({ value }) => value.rows), isFinal: changing.length === 0 },
    fetchedAt: changing.length > 0 ? Math.min(...changing) : Math.max(...held.map(({ fetchedAt }) => fetchedAt)),
  };
}

function monthsIn({ from, until }: CostPeriod): CostPeriod[] {
  const [first, end] = [dayNamed(from), dayNamed(until)];
  const periods: CostPeriod[] = [];
  for (let at = first; at < end; at = monthOf(at).end) periods.push({ from: dateOf(at), until: dateOf(Math.min(monthOf(at).end, end)) });
  return periods;
}

/**
 * The days up to now are one question from day to day, so that its old answer is there when AWS is not.
 * @param today absent for the name that it had before the period was over
 */
function nameOf({ granularity, groups, withoutCredits }: CostQuestion, { from, until }: CostPeriod, today?: Day): string {
  const isOpen = today === undefined || dayNamed(until) > today;
  return canonicalJson({ from, until: isOpen ? 'now' : until, granularity, groups, withoutCredits });
}
