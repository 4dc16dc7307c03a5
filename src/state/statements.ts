import type { Row } from './rows.ts';

type Value = string | number | null;

/** Prepared statements of one connection, for the parts of the store. */
export interface Statements {
  get(text: string, ...values: Value[]): Row | undefined;
  all(text: string, ...values: Value[]): Row[];
  /** @returns rows changed */
  run(text: string, ...values: Value[]): number;
  atomically<T>(work: () => T): T;
}
