import type { Provider } from './domain.ts';

/** One circuit: a service of a provider, in an account and region. */
export interface CircuitKey {
  readonly provider: Provider;
  readonly account: string;
  readonly region: string;
  readonly service: string;
}

export interface CircuitState extends CircuitKey {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Epoch milliseconds of the next probe, while open. */
  readonly retryAt?: number;
}

/**
 * Deadline, concurrency limit and circuit breaker around one provider request (retries of the SDK included).
 * Throws `CallError` `circuit_open`, `overloaded` or `timeout`; lets the request's own `CallError` through.
 * Only `provider_unavailable` and `timeout` count against the circuit: throttling is the answer of a healthy service.
 */
export interface Guard {
  run<T>(key: CircuitKey, scope: { deadlineAt: number; signal?: AbortSignal }, request: (signal: AbortSignal) => Promise<T>): Promise<T>;
  circuits(): CircuitState[];
}
