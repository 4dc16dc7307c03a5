import { CallError } from './call/errors.ts';
import type { Settings } from './config/load.ts';
import type { Guard } from './ports/guard.ts';
import { type AwsProvider, createAws } from './providers/aws/index.ts';

/** The number of the audit's account, where it is known beforehand. A role's account is not the one that keeps the record. */
export function auditAccountId({ audit, aws }: Settings): string | undefined {
  const account = aws.accounts.find(({ name }) => name === audit.account);
  return account?.role === undefined ? account?.accountId : undefined;
}

/** Where the second copy of the record goes, if not to AWS. */
export function logsEndpoint({ aws: { endpoint, endpoints } }: Settings): string | undefined {
  return serviceEndpoints(endpoints).logs ?? endpoint;
}

/** By our names of the services. Variables are called after the SDKs' service ids (SDKs and Tools Reference Guide, "Service-specific endpoints"). */
function serviceEndpoints(endpoints: Settings['aws']['endpoints']): Readonly<Record<string, string>> {
  const { cloudwatch_logs: logs, secrets_manager: secretsmanager } = endpoints;
  return { ...endpoints, ...(logs ? { logs } : {}), ...(secretsmanager ? { secretsmanager } : {}) };
}

/** Until the policies are known, nobody is given one. */
export function noSession(agentId: string): string {
  throw new CallError('provider_not_configured', `There is no session for ${agentId} yet.`, {
    remedy: 'Call again once the server has started.',
  });
}

async function generatedPolicies() {
  const [{ iamDocuments }, { operations }] = await Promise.all([import('./iam/documents.ts'), import('./tools/index.ts')]);
  return iamDocuments(operations);
}

/** AWS as configured, or the sandbox below the same adapters. */
export async function connectAws(
  settings: Settings,
  guard: Guard,
  sessionPolicy = noSession,
  hide?: (secret: string, until?: number) => void,
): Promise<AwsProvider> {
  const { accounts, credentials: given, endpoint, endpoints } = settings.aws;
  const common = {
    guard,
    audit: settings.audit,
    storage: settings.storage,
    ...(hide ? { hide } : {}),
    security: { ...settings.security, generatedPolicies },
    sessionPolicy: (_account: unknown, actor: string) => sessionPolicy(actor),
    endpoints: serviceEndpoints(endpoints),
    ...(endpoint ? { endpoint } : {}),
  };
  if (settings.sandbox) {
    const { createSandbox } = await import('./providers/sandbox/index.ts');
    // One fleet: two accounts would each have every instance.
    const [{ name, regions } = { name: 'main', regions: [] }] = accounts;
    const { credentials, middleware, requestHandler } = createSandbox({ region: regions[0] ?? settings.audit.region });
    return createAws({ ...common, accounts: [{ name, regions, credentials }], middleware, requestHandler, pollMs: 500 });
  }
  return createAws({
    ...common,
    accounts: accounts.map(({ credentials, ...account }) => {
      if (credentials === 'instance-role') return { ...account, credentials };
      return given && !account.profile ? { ...account, credentials: given } : account;
    }),
  });
}
