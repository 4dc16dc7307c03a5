import type { ComputePort, ComputeResolver } from '../../ports/compute.ts';
import type { Guard } from '../../ports/guard.ts';
import type { LogSink } from '../../ports/log-sink.ts';
import { matchAccounts } from './accounts.ts';
import { type ClientOptions, createClients } from './clients.ts';
import { createCompute } from './compute.ts';
import { type AwsIdentity, createIdentify } from './identity.ts';
import { createLogSink } from './log-sink.ts';
import { createResolver } from './resolver.ts';
import { createSender, type SendScope } from './send.ts';

export type { AwsAccount, StaticCredentials } from './accounts.ts';
export type { ClientOptions, Service } from './clients.ts';
export type { AwsIdentity } from './identity.ts';

export interface AwsOptions extends ClientOptions {
  readonly guard: Guard;
  /** Where the audit's second copy goes; the account is one of `accounts`, the region need not be among its own. */
  readonly audit: { readonly account: string; readonly region: string; readonly logGroup: string };
  /** Pause between two looks at an instance that is changing. */
  readonly pollMs?: number;
  /** Deadline of requests that no call waits for: identity and audit delivery. */
  readonly backgroundTimeoutMs?: number;
}

export interface AwsProvider {
  readonly compute: ComputePort;
  readonly resolver: ComputeResolver;
  readonly logSink: LogSink;
  /** Who the account's credentials are, asked of STS once. Throws `CallError`. */
  identity(account: string, call: SendScope): Promise<AwsIdentity>;
}

/**
 * AWS behind the ports. Creating it reads nothing, imports nothing of the SDK and asks nobody; missing credentials show at first use.
 * Throws `provider_not_configured` when the audit's account is none of the accounts.
 */
export function createAws(options: AwsOptions): AwsProvider {
  const { accounts, guard, audit, pollMs = 2_000, backgroundTimeoutMs = 15_000 } = options;
  const sender = createSender(createClients(options), guard);
  const identify = createIdentify(sender, backgroundTimeoutMs);
  const accountNamed = (name: string) => matchAccounts(accounts, { account: name })[0];
  const auditScope = { account: accountNamed(audit.account), region: audit.region };
  return {
    compute: createCompute({ accounts, sender, pollMs }),
    resolver: createResolver(accounts, sender, identify),
    logSink: createLogSink({ group: audit.logGroup, scope: auditScope, timeoutMs: backgroundTimeoutMs }, sender, identify),
    identity: (account, call) => identify(accountNamed(account), call),
  };
}
