import type { Settings } from './config/load.ts';

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
export function serviceEndpoints(endpoints: Settings['aws']['endpoints']): Readonly<Record<string, string>> {
  const { cloudwatch_logs: logs, secrets_manager: secretsmanager, cost_explorer: ce, sesv2: ses } = endpoints;
  return {
    ...endpoints,
    ...(logs ? { logs } : {}),
    ...(secretsmanager ? { secretsmanager } : {}),
    ...(ce ? { ce } : {}),
    ...(ses ? { ses } : {}),
  };
}
