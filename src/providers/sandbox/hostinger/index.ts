import type { Dispatcher } from 'undici';
import { once } from '../../../lazily.ts';
import { createBillingRoutes } from './billing.ts';
import { createDnsRoutes } from './dns.ts';
import { createMachineRoutes, type SandboxServer } from './machines.ts';
import { type Answer, createRouter } from './routes.ts';

export type { SandboxServer } from './machines.ts';

export interface SandboxHostingerOptions {
  /** Virtual machines that there are; the sandbox has no others. */
  readonly servers: readonly SandboxServer[];
  /** DNS zones that there are, each a domain of the account. */
  readonly zones?: readonly string[];
  readonly now?: () => number;
  /** How long an action on a machine takes, in milliseconds. */
  readonly settleMs?: number;
}

export interface SandboxHostinger {
  /** What `createHostingerApi` takes in the network's place. */
  dispatcher(): Promise<Dispatcher>;
  /** @param target path with its query */
  answer(method: string, target: string, body: unknown): Answer;
}

/** A Hostinger account in this process, gone when it ends. */
export function createSandboxHostinger({
  servers,
  zones = [],
  now = Date.now,
  settleMs = 1_500,
}: SandboxHostingerOptions): SandboxHostinger {
  const answer = createRouter([
    createMachineRoutes({ servers, now, settleMs }),
    createDnsRoutes({ zones, ip: servers[0]?.ip ?? '192.0.2.1', now }),
    createBillingRoutes({ servers, zones, now }),
  ]);
  return {
    answer,
    dispatcher: once(async () => new (await import('./dispatcher.ts')).SandboxDispatcher(answer)),
  };
}
