import type { Provider } from './domain.ts';

/** Spend as it is known when a call is decided. What is absent is not known, or too old to go by; policy takes that for the worst. */
export interface SpendFacts {
  /** ISO 4217: of the budget, and of every figure here. */
  readonly currency: string;
  readonly budgetCents: number;
  /** Both clouds and the ledger, this month so far. */
  readonly monthToDateCents?: number;
  /** What this month is expected to come to, with a month of everything that was added since that was read. */
  readonly forecastCents?: number;
  /** What the call would add to a whole month, by list price; 0 for what adds nothing. */
  readonly monthlyCostCents?: number;
  /** Age of the oldest of the first two. */
  readonly ageMinutes?: number;
}

/** What a call would make, or set running, that is billed from then on. */
export interface Addition {
  readonly provider: Provider;
  readonly region: string;
  readonly instanceType: string;
}

/** Spend, from what is stored: nobody is asked. */
export interface SpendPort {
  /** @param before a call whose own reservation, and later ones, are left out */
  facts(addition: Addition | undefined, before?: string): Promise<SpendFacts>;
  /**
   * Counts what a call adds against its agent's month, in one step over all processes. False when that would exceed the cap.
   * @param key of what is added; one that is counted already is counted once
   */
  reserve(agent: string, key: string, callId: string, cents: number, capCents: number): { ok: true } | { ok: false; usedCents: number };
  /** What this call reserved is for this, as it turned out. */
  rename(agent: string, callId: string, key: string): void;
  /** Takes back what this call reserved. */
  release(agent: string, callId: string): void;
}

/** What things cost by the provider's list. */
export interface PriceList {
  /** The day of its figures: `2026-11-01`. */
  readonly asOf: string;
  /** Integer US cents of a whole month (730 hours) on demand, Linux; undefined where the list does not have it. */
  monthlyCents(item: Pick<Addition, 'provider' | 'region' | 'instanceType'>): number | undefined;
}
