/**
 * Invariant: every request to AWS leaves through the sender. A change that may have reached the service is in the ledger, attempt
 * by attempt; none is sent after the call was cancelled, and none that was sent is abandoned to a cancellation.
 */
import type { FinalizeHandler, HttpHandlerOptions, MetadataBearer } from '@smithy/types';
import { CallError } from '../../call/errors.ts';
import type { AttemptOutcome, CallScope } from '../../ports/call-scope.ts';
import type { RetryClass } from '../../ports/domain.ts';
import type { Guard } from '../../ports/guard.ts';
import type { Scope } from './accounts.ts';
import type { Clients, Loaded, Service } from './clients.ts';
import { definitelyRefused, httpStatus, requestIdOf, toCallError } from './errors.ts';
import { iamActionOf } from './iam-actions.ts';

/** What a request needs of its call; a whole `CallScope` fits. */
export type SendScope = Pick<CallScope, 'deadlineAt'> &
  Partial<Pick<CallScope, 'signal' | 'noteRequestId' | 'serverIam'>> & {
    /** For whom; undefined for the server's own requests, which must say so: `ownIdentity`. */
    readonly actor: string | undefined;
    /** What the operation declared. */
    readonly iam: readonly string[] | undefined;
    /** Longest silence of an attempt in milliseconds, where it is long by nature; absent: the client's own. */
    readonly silenceMs?: number;
    /** Sent once and never again: for a read that is billed by the request, and whose lost answer is no reason to pay twice. */
    readonly once?: boolean;
    /** Told of each attempt that is about to go on the wire. */
    noteSent?(): void;
    /** Takes the time of the answer by the service's clock (epoch milliseconds, to the second). */
    noteDate?(at: number): void;
  };
/** Of requests that the server makes for itself: under its own credentials, and beyond what tools declare. */
export const ownIdentity = { actor: undefined, iam: undefined } as const;
export type ChangeScope = SendScope & Pick<CallScope, 'signal' | 'ledger'>;

/** Just enough of a command's type to infer what it answers. */
export interface CommandOf<I extends object, O extends MetadataBearer> {
  readonly input: I;
  resolveMiddleware(stack: never, configuration: never, options: never): (args: { input: I }) => Promise<{ output: O }>;
}
type Build<S extends Service, I extends object, O extends MetadataBearer> = (sdk: Loaded<S>['sdk']) => CommandOf<I, O>;

export interface Sender {
  /** An address that carries the caller's permission for one S3 request; nothing is sent. Throws `CallError`. */
  presign<I extends object, O extends MetadataBearer>(
    scope: Scope,
    call: SendScope,
    expiresInSeconds: number,
    build: Build<'s3', I, O>,
  ): Promise<string>;
  /** For what changes nothing, dry runs too: aborts with the call. Throws `CallError`. */
  ask<S extends Service, I extends object, O extends MetadataBearer>(
    service: S,
    scope: Scope,
    call: SendScope,
    build: Build<S, I, O>,
  ): Promise<O>;
  /** Counts every attempt in the call's ledger. Throws `CallError`. */
  change<S extends Service, I extends object, O extends MetadataBearer>(
    service: S,
    scope: Scope,
    retry: RetryClass,
    call: ChangeScope,
    build: Build<S, I, O>,
  ): Promise<O>;
}

/** The erased view of a client and its command, once their types have been inferred. */
interface AnyClient {
  send(command: AnyCommand, options: HttpHandlerOptions): Promise<MetadataBearer>;
}
interface AnyCommand {
  readonly constructor: { readonly name: string };
  readonly input: object;
  readonly middlewareStack: {
    addRelativeTo(middleware: Middleware, position: { relation: 'after'; toMiddleware: string; name: string }): void;
  };
}
type Handler = FinalizeHandler<object, MetadataBearer>;
type Middleware = (next: Handler) => Handler;

export function createSender(clients: Clients, guard: Guard): Sender {
  const send = async (service: Service, scope: Scope, retry: RetryClass, call: SendScope, build: unknown, attempts: Attempts) => {
    const { sdk, client } = await clients(service, scope, retry, call.actor);
    const command = (build as (sdk: unknown) => AnyCommand)(sdk);
    const action = command.constructor.name.replace(/Command$/, '');
    refuseUndeclared(iamActionOf(service, action, command.input), call);
    const key = { provider: 'aws', account: scope.account.name, region: scope.region, service } as const;
    return guard.run(key, { deadlineAt: call.deadlineAt, signal: attempts.signal }, async (signal) => {
      // Inside the SDK's retry loop and behind the signing: this sees each attempt that is about to go on the wire, and no other.
      command.middlewareStack.addRelativeTo(watch(service, attempts, signal, call), {
        relation: 'after',
        toMiddleware: 'httpSigningMiddleware',
        name: 'watchAttempts',
      });
      try {
        const { silenceMs: requestTimeout } = call;
        return await (client as unknown as AnyClient).send(command, { abortSignal: signal, ...(requestTimeout ? { requestTimeout } : {}) });
      } catch (error) {
        throw toCallError(error, { scope, action, service });
      }
    });
  };
  return {
    async presign(scope, call, expiresIn, build) {
      const [{ getSignedUrl }, { sdk, client }] = await Promise.all([
        import('@aws-sdk/s3-request-presigner'),
        clients('s3', scope, 'safe', call.actor),
      ]);
      const command = build(sdk);
      const action = command.constructor.name.replace(/Command$/, '');
      refuseUndeclared(iamActionOf('s3', action, command.input), call);
      try {
        return await getSignedUrl(client, command as unknown as Parameters<typeof getSignedUrl>[1], { expiresIn });
      } catch (error) {
        throw toCallError(error, { scope, action, service: 's3' });
      }
    },
    ask: (service, scope, call, build) =>
      send(service, scope, call.once ? 'never' : 'safe', call, build, { signal: call.signal }) as Promise<never>,
    change: (service, scope, retry, call, build) => {
      const attempts = countAttempts(call);
      return send(service, scope, retry, call, build, attempts).finally(attempts.done) as Promise<never>;
    },
  };
}

/** IAM documents are made of what operations declare; what is asked beyond that would work here and be refused elsewhere. */
function refuseUndeclared(action: string, { actor, iam, serverIam = [] }: SendScope): void {
  // An agent's session has nothing of what is the server's own.
  if (!iam || iam.includes(action) || (actor === undefined && serverIam.includes(action))) return;
  throw new CallError('internal', `The operation uses ${action}, which it does not declare. Nothing was sent.`, {
    remedy: 'This is a fault of ziggie-cloud; report it with the call id.',
  });
}

interface Attempts {
  /** What aborts the request. */
  readonly signal?: AbortSignal;
  /** Announces one that is sent now, and takes how it ended. */
  begin?(): (outcome: AttemptOutcome) => void;
}

function watch(service: Service, attempts: Attempts, signal: AbortSignal, call: SendScope): Middleware {
  return (next) => async (args) => {
    signal.throwIfAborted();
    call.noteSent?.();
    const settle = attempts.begin?.();
    try {
      const result = await next(args);
      settle?.('applied');
      note(call, result.output.$metadata.requestId);
      const date = Date.parse(dateOf(result));
      if (!Number.isNaN(date)) call.noteDate?.(date);
      return result;
    } catch (error) {
      settle?.(outcomeOf(error, service));
      note(call, requestIdOf(error));
      throw error;
    }
  };
}

/** Passes the caller's cancellation on for as long as the service cannot have acted: before the first attempt, and after refused ones. */
function countAttempts(call: ChangeScope): Attempts & { done(): void } {
  const unsent = new AbortController();
  let mayHaveActed = false;
  const cancel = () => {
    if (!mayHaveActed) unsent.abort();
  };
  call.signal.addEventListener('abort', cancel);
  if (call.signal.aborted) cancel();
  return {
    signal: unsent.signal,
    begin() {
      const before = mayHaveActed;
      mayHaveActed = true;
      const settle = call.ledger.attempt();
      return (outcome) => {
        settle(outcome);
        if (outcome !== 'refused') return;
        mayHaveActed = before;
        if (call.signal.aborted) cancel();
      };
    },
    done: () => call.signal.removeEventListener('abort', cancel),
  };
}

function outcomeOf(error: unknown, service: Service): AttemptOutcome {
  const status = httpStatus(error);
  // A success whose body cannot be read may come from something that is not the service at all.
  if (status !== undefined && status >= 200 && status < 300) return 'unknown';
  return definitelyRefused(error, service) ? 'refused' : 'unknown';
}

function note(call: SendScope, requestId: string | undefined): void {
  if (requestId) call.noteRequestId?.(requestId);
}

/** The SDK's type leaves out the response that it hands on here. */
function dateOf(result: object): string {
  return (result as { response?: { headers?: Record<string, string> } }).response?.headers?.date ?? '';
}
