import { randomUUID } from 'node:crypto';
import { CallError } from '../../src/call/errors.ts';
import type { AttemptOutcome, CallScope } from '../../src/ports/call-scope.ts';
import type { AccountTarget, Effect, InstanceTarget, Resolved, Target, TargetRef } from '../../src/ports/domain.ts';
import { type AwsAccount, type AwsOptions, type AwsProvider, createAws } from '../../src/providers/aws/index.ts';
import { createSandbox, type SandboxOptions } from '../../src/providers/sandbox/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { operations } from '../../src/tools/index.ts';

/** What any operation declares; that each declares enough is shown by calls that take the road. */
const allActions = operations.flatMap(({ iam }) => iam);
const serverActions = operations.flatMap(({ serverIam }) => serverIam);

/** A call as the road makes them, with what it collects laid open. */
export interface TestCall extends CallScope {
  readonly attempts: (AttemptOutcome | 'open')[];
  readonly requestIds: string[];
  readonly messages: string[];
  /** Values that must not be shown. */
  readonly hidden: string[];
  cancel(): void;
}

export function newCall(
  options: Partial<Pick<CallScope, 'actor' | 'iam' | 'serverIam' | 'dryRun' | 'waitMs' | 'clientToken' | 'deadlineAt'>> = {},
): TestCall {
  const abort = new AbortController();
  const attempts: (AttemptOutcome | 'open')[] = [];
  const requestIds: string[] = [];
  const messages: string[] = [];
  const hidden: string[] = [];
  const callId = randomUUID();
  return {
    callId,
    actor: 'agent-ziggie',
    iam: allActions,
    serverIam: serverActions,
    hide: (value) => hidden.push(value),
    hidden,
    signal: abort.signal,
    deadlineAt: Date.now() + 20_000,
    waitMs: 10_000,
    dryRun: false,
    clientToken: callId,
    ...options,
    ledger: {
      attempt() {
        const index = attempts.push('open') - 1;
        return (outcome) => {
          attempts[index] = outcome;
        };
      },
      effect(): Effect {
        if (attempts.includes('applied')) return 'applied';
        return attempts.every((outcome) => outcome === 'refused') ? 'none' : 'unknown';
      },
    },
    progress: (_done, _total, message) => messages.push(message),
    noteRequestId: (id) => requestIds.push(id),
    attempts,
    requestIds,
    messages,
    cancel: () => abort.abort(),
  };
}

/** What step 4 of the road does after it read the facts. */
export function resolved<T extends Target>(target: T): Resolved<T> {
  return target as Resolved<T>;
}

/** Accounts as the road would resolve them, each of which had to answer. */
export async function accountsOf(aws: AwsProvider, ref: TargetRef<'Account'>, call: CallScope): Promise<AccountTarget[]> {
  const { targets, unasked } = await aws.resolvers.Account(ref, call);
  if (unasked?.[0]) throw unasked[0].error;
  return [...targets];
}

export async function instanceOf(aws: AwsProvider, ref: TargetRef<'Instance'>, call: CallScope): Promise<InstanceTarget> {
  const { targets } = await aws.resolvers.Instance(ref, call);
  const [first, ...others] = targets;
  if (!first || others.length > 0) throw new Error(`expected one instance, found ${targets.length}`);
  return first;
}

/** A target that nobody looked up: for what the provider says about it. */
export function instanceTarget(facts: Partial<InstanceTarget> = {}): Resolved<InstanceTarget> {
  return resolved({
    type: 'Instance',
    id: 'i-0123456789abcdef0',
    provider: 'aws',
    account: 'main',
    accountId: '123456789012',
    region: 'eu-north-1',
    name: 'web',
    state: 'running',
    instanceType: 't3.micro',
    tags: {},
    ...facts,
  });
}

export const exampleKeys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

export function mainAccount(facts: Partial<AwsAccount> = {}): AwsAccount {
  return { name: 'main', credentials: exampleKeys, regions: ['eu-north-1'], ...facts };
}

export function newAws(options: Partial<AwsOptions> = {}) {
  return createAws({
    accounts: [mainAccount()],
    guard: createGuard(),
    audit: { account: 'main', region: 'eu-north-1', logGroup: '/ziggie/infrastructure-audit' },
    pollMs: 5,
    sessionPolicy: () => '',
    storage: { maxShareMinutes: 60 },
    security: { sshRanges: [], generatedPolicies: async () => ({}) },
    ...options,
  });
}

/** The adapters over a fresh sandbox. */
export function sandboxAws(options: Partial<SandboxOptions> = {}, aws: Partial<AwsOptions> = {}) {
  const sandbox = createSandbox({ region: 'eu-north-1', settleMs: 10, ...options });
  return newAws({ accounts: [mainAccount({ credentials: sandbox.credentials })], ...sandboxParts(sandbox), ...aws });
}

export function sandboxParts({ middleware, requestHandler }: ReturnType<typeof createSandbox>) {
  return { middleware, requestHandler };
}

/** The error of a call that has to fail with one. */
export async function failure(promise: Promise<unknown>): Promise<CallError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
  throw new Error('expected a CallError, but the call succeeded');
}
