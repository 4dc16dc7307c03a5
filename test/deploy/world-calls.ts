import { randomUUID } from 'node:crypto';
import { createLedger } from '../../src/call/ledger.ts';
import type { AttemptOutcome } from '../../src/ports/call-scope.ts';
import type { DeployCall } from '../../src/ports/deploy.ts';
import type { ApplicationTarget, Resolved } from '../../src/ports/domain.ts';

/** Calls as the road makes them, without the parts that only run inside of the test runner. */

export interface DeployCallOfTest extends DeployCall {
  readonly messages: string[];
  readonly attempts: AttemptOutcome[];
  cancel(): void;
}

export function deployCall(options: Partial<Pick<DeployCall, 'waitMs' | 'dryRun' | 'deadlineAt'>> = {}): DeployCallOfTest {
  const abort = new AbortController();
  const messages: string[] = [];
  const attempts: AttemptOutcome[] = [];
  const ledger = createLedger();
  const callId = randomUUID();
  return {
    callId,
    actor: 'agent-ziggie',
    iam: [],
    serverIam: [],
    signal: abort.signal,
    deadlineAt: Date.now() + 60_000,
    waitMs: 50_000,
    dryRun: false,
    clientToken: callId,
    ledger: {
      attempt() {
        const settle = ledger.attempt();
        return (outcome) => {
          attempts.push(outcome);
          settle(outcome);
        };
      },
      effect: () => ledger.effect(),
    },
    progress: (_done, _total, message) => messages.push(message),
    hide: () => {},
    noteRequestId: () => {},
    secretValue: async (text) => text.replace('secret://', 'value of '),
    ...options,
    messages,
    attempts,
    cancel: () => abort.abort(),
  };
}

/** What step 4 of the road makes of the application. */
export const target = {
  type: 'Application',
  id: 'web',
  tags: {},
  provider: 'hostinger',
  account: 'hostinger',
  region: 'global',
  team: 'frontend',
  kind: 'ssh',
  place: 'vps-1',
  secretReferences: [],
} as const satisfies ApplicationTarget as unknown as Resolved<ApplicationTarget>;
