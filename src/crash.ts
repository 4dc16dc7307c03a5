/** Invariant: what a process says when it falls over has been through the redaction like everything else. */
import { createRedactor, type Redactor } from './call/redact.ts';

let redactor: Pick<Redactor, 'text'> = createRedactor();

/** The redactor that knows the secrets of this process; until a server has one, the patterns alone serve. */
export function redactCrashesWith(known: Pick<Redactor, 'text'>): void {
  redactor = known;
}

/** A failure that nobody expected, for stderr. */
export function crashText(error: unknown): string {
  return redactor.text(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
