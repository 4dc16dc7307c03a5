import type { AuditEntry } from '../ports/audit.ts';
import { type OpenIntent, openIntentOf } from './open-intents.ts';

export interface OpenCall {
  writerId: string;
  intent: OpenIntent;
}

/** Calls of this process whose intent was given to a writer and whose outcome is not durable yet. */
export class OpenCalls {
  readonly #calls = new Map<string, OpenCall>();

  begin(intent: AuditEntry, writerId: string): void {
    this.#calls.set(intent.callId, { writerId, intent: openIntentOf(intent) });
  }

  end(callId: string): void {
    this.#calls.delete(callId);
  }

  all(): OpenCall[] {
    return [...this.#calls.values()];
  }

  /** Whether a writer still has open calls. */
  has(writerId: string): boolean {
    return this.all().some((call) => call.writerId === writerId);
  }

  /** Epoch milliseconds of the oldest intent; infinite when there is none. */
  oldestAt(): number {
    return Math.min(...this.all().map(({ intent }) => Date.parse(intent.ts)));
  }
}
