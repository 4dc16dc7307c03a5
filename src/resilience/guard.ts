/**
 * Invariant: no provider request outlives its deadline from the caller's point of view, none is sent while its circuit is
 * open, and what a service refuses for a reason (denied, conflict, throttled) never opens the circuit for everybody else.
 */
import type CircuitBreaker from 'opossum';
import { CallError } from '../call/errors.ts';
import type { CircuitKey, CircuitState, Guard } from '../ports/guard.ts';
import { createSlots, overloaded, type Slots } from './slots.ts';

export interface GuardOptions {
  /** Requests at once per circuit. */
  concurrency?: number;
  /** Requests that may wait for a slot per circuit. */
  queue?: number;
  /** How many requests of a window must have been made before the circuit may open; at least 5. */
  volumeThreshold?: number;
  /** Length of the window over which failures are counted. */
  windowMs?: number;
  /** How long an open circuit refuses before it lets one probe through. */
  resetMs?: number;
}

/** Node fires a timer beyond this at once. */
const longestTimerMs = 2 ** 31 - 1;

interface Circuit {
  readonly key: CircuitKey;
  readonly breaker: CircuitBreaker<[() => Promise<unknown>]>;
  readonly slots: Slots;
  retryAt: number;
}

/** One circuit, queue and set of slots per provider, account, region and service; opossum is loaded with the first request. */
export function createGuard(options: GuardOptions = {}): Guard {
  const { concurrency = 16, queue = 512, volumeThreshold = 5, windowMs = 60_000, resetMs = 15_000 } = options;
  const circuits = new Map<string, Circuit>();
  let loading: Promise<typeof CircuitBreaker> | undefined;

  const circuitOf = async (key: CircuitKey): Promise<Circuit> => {
    loading ??= import('opossum').then((opossum) => opossum.default);
    const Breaker = await loading;
    const name = [key.provider, key.account, key.region, key.service].join('/');
    const known = circuits.get(name);
    if (known) return known;
    const breaker: CircuitBreaker<[() => Promise<unknown>]> = new Breaker((request: () => Promise<unknown>) => request(), {
      name,
      volumeThreshold,
      // Its timeout abandons a request without cancelling it; the deadline below aborts.
      timeout: false,
      rollingCountTimeout: windowMs,
      resetTimeout: resetMs,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // A probe that nobody waited for says nothing of the service: the circuit stays open until one does.
      errorFilter: (error: unknown) => !(countsAgainstCircuit(error) || (breaker.halfOpen && isCancelled(error))),
    });
    const circuit: Circuit = { key, breaker, slots: createSlots(concurrency, queue), retryAt: 0 };
    breaker.on('open', () => {
      circuit.retryAt = Date.now() + resetMs;
    });
    circuits.set(name, circuit);
    return circuit;
  };

  return {
    async run(key, scope, request) {
      const circuit = await circuitOf(key);
      if (scope.signal?.aborted) throw cancelled();
      if (scope.deadlineAt <= Date.now()) throw timedOut('The deadline had passed before the request was sent.');
      try {
        const answer = await circuit.breaker.fire(() => limited(circuit.slots, scope, request));
        // opossum erases the type; the action above is the only one it runs.
        return answer as Awaited<ReturnType<typeof request>>;
      } catch (error) {
        throw (error as { code?: unknown }).code === 'EOPENBREAKER' ? circuitOpen(circuit) : error;
      }
    },
    circuits: () =>
      [...circuits.values()].map(({ key, breaker, retryAt }): CircuitState => {
        if (breaker.closed) return { ...key, state: 'closed' };
        return breaker.halfOpen ? { ...key, state: 'half-open' } : { ...key, state: 'open', retryAt };
      }),
  };
}

async function limited<T>(
  slots: Slots,
  scope: { deadlineAt: number; signal?: AbortSignal },
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.min(scope.deadlineAt - Date.now(), longestTimerMs));
  const signal = scope.signal ? AbortSignal.any([deadline.signal, scope.signal]) : deadline.signal;
  let giveBack: (() => void) | undefined;
  try {
    giveBack = await slots.take(signal);
    return await untilAborted(request(signal), signal);
  } catch (error) {
    // Our own reasons first: a request that ends because we aborted it reports whatever its library makes of that.
    if (scope.signal?.aborted) throw cancelled();
    if (!deadline.signal.aborted) throw error;
    throw giveBack
      ? timedOut('The provider did not answer before the deadline.')
      : overloaded('The deadline passed while the request was waiting for its turn.');
  } finally {
    clearTimeout(timer);
    giveBack?.();
  }
}

/** A request that ignores its signal is left behind; its late failure must not surface as an unhandled rejection. */
function untilAborted<T>(request: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Throttling is an answer of a healthy service, and one agent's flood must not shut out the others. */
function countsAgainstCircuit(error: unknown): boolean {
  return error instanceof CallError && (error.code === 'provider_unavailable' || error.code === 'timeout');
}

function isCancelled(error: unknown): boolean {
  return error instanceof CallError && error.code === 'cancelled';
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled.', { remedy: 'Nothing to do, unless it is still wanted: then call again.' });
}

function timedOut(message: string): CallError {
  return new CallError('timeout', message, {
    remedy: 'Read the state of the target before repeating a change: the provider may have acted.',
    retryable: true,
  });
}

function circuitOpen({ key, retryAt }: Circuit): CallError {
  return new CallError(
    'circuit_open',
    `${key.service} in ${key.region} (account ${key.account}) keeps failing, so it is not asked for now.`,
    {
      remedy: 'Wait for the given time and try again; health_check shows the state of every circuit.',
      retryable: true,
      retryAfterMs: Math.max(1_000, retryAt - Date.now()),
    },
  );
}
