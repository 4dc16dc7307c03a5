import { serviceEndpoints } from './aws-settings.ts';
import type { Settings } from './config/load.ts';
import type { Guard } from './ports/guard.ts';
import { type AwsProvider, createAws } from './providers/aws/index.ts';

async function generatedPolicies() {
  const [{ iamDocuments }, { operations }] = await Promise.all([import('./iam/documents.ts'), import('./tools/index.ts')]);
  return iamDocuments(operations);
}

/** AWS as configured, or the sandbox below the same adapters. */
export async function connectAws(
  settings: Settings,
  guard: Guard,
  sessionPolicy: (agentId: string) => string,
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
