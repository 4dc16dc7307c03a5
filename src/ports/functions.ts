import type { CallScope } from './call-scope.ts';
import type { AccountTarget, FunctionTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export interface FunctionRow {
  name: string;
  runtime: string;
  region: string;
  memoryMb: number;
  timeoutSeconds: number;
  /** Day (`2026-01-31`) of the last change. */
  modifiedAt?: string;
  /** Only when more than one account is configured. */
  account?: string;
}

export interface FunctionPage {
  functions: FunctionRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export interface FunctionDetail extends Omit<FunctionRow, 'account'> {
  account: string;
  description?: string;
  handler?: string;
  role?: string;
  state?: string;
  stateReason?: string;
  lastUpdate?: string;
  /** Alias → version. */
  aliases?: Record<string, string>;
  /** Names only: values may be secrets, and never leave the adapter. */
  environmentVariables?: string[];
  logGroup?: string;
  tags: Record<string, string>;
}

export interface Invocation {
  /** Its JSON text is the event; absent: `{}`. At most 6 MB for `sync`, 1 MB for `async`. */
  payload?: unknown;
  /** `sync` waits for the answer, `async` queues it. */
  mode: 'sync' | 'async';
  /** Version or alias. */
  qualifier?: string;
}

export interface InvocationResult {
  /** What the function did, apart from whether Lambda answered. */
  outcome?: 'succeeded' | 'failed' | 'queued';
  version?: string;
  /** What the function returned: JSON where it is JSON, else text. Untrusted. */
  result?: unknown;
  /** It is longer than what is shown: `result` is its text, whole, and must be cut where it is shown, behind the redaction. */
  truncated?: boolean;
  /** The function's own error, when `failed`: `kind` is `handled`, `unhandled` or `timeout`. Untrusted. */
  error?: { type: string; message: string; kind: string };
  /** The last 4 KB of its log, whole lines. Untrusted. */
  logTail?: string;
  billedMs?: number;
  plan?: Plan;
}

/** Lambda. All methods throw `CallError` and nothing else. A function that fails is an answer, not an error. An invocation is sent once. */
export interface FunctionsPort {
  list(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string },
    call: CallScope,
  ): Promise<FunctionPage>;
  get(target: Resolved<FunctionTarget>, call: CallScope): Promise<FunctionDetail>;
  invoke(target: Resolved<FunctionTarget>, invocation: Invocation, call: CallScope): Promise<InvocationResult>;
}
