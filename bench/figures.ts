/** A measured number, and what it is held against. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The same number of the bare counterpart, measured in the same run. */
  readonly baseline?: number;
  readonly budget?: Budget;
}

/** What DESIGN calls a budget: on the value itself, or on its ratio to the baseline. */
export interface Budget {
  readonly of: 'value' | 'ratio';
  readonly bound: 'at most' | 'at least' | 'below';
  readonly than: number;
}

export interface Benchmark {
  readonly name: string;
  /** Bounded in time by itself; throws when it could not measure, never because a number is bad. */
  run(scratch: string): Promise<Figure[]>;
}

export const atMost = (than: number): Budget => ({ of: 'value', bound: 'at most', than });
export const below = (than: number): Budget => ({ of: 'value', bound: 'below', than });
export const ratioAtMost = (than: number): Budget => ({ of: 'ratio', bound: 'at most', than });
export const atLeast = (than: number): Budget => ({ of: 'value', bound: 'at least', than });
export const ratioAtLeast = (than: number): Budget => ({ of: 'ratio', bound: 'at least', than });

export function ratioOf({ value, baseline }: Figure): number | undefined {
  return baseline === undefined || baseline === 0 ? undefined : value / baseline;
}

/** Undefined when there is no budget. */
export function isWithin(figure: Figure): boolean | undefined {
  const { budget, value } = figure;
  if (!budget) return undefined;
  const measured = budget.of === 'value' ? value : ratioOf(figure);
  if (measured === undefined) return false;
  if (budget.bound === 'below') return measured < budget.than;
  return budget.bound === 'at most' ? measured <= budget.than : measured >= budget.than;
}

/** @param share of the values that are not larger, from 0 to 1; nearest rank */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
