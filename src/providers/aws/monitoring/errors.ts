import type { ErrorRule } from '../error-table.ts';

const gone: ErrorRule = {
  code: 'provider_not_found',
  remedy: 'It is gone: look at what there is with monitoring_list_alarms. Nothing needs to be deleted twice.',
};
const full: ErrorRule = {
  code: 'provider_rejected',
  remedy:
    'The account has as many alarms or dashboards as its quota in {region} allows. Delete what nobody needs, or raise it in Service Quotas.',
};
const body: ErrorRule = {
  code: 'provider_rejected',
  remedy: 'CloudWatch did not take the dashboard. Report what it says: the body is generated, so that this is a fault of ziggie-cloud.',
};
const badFormat: ErrorRule = { code: 'provider_rejected', remedy: 'Correct the argument that the provider names in its message.' };

/**
 * Codes of CloudWatch and CloudWatch Logs and what we make of them, before the common table. CloudWatch has two names for some: that
 * of its model and the older one of its Query API. What a log query meets is told apart where it is sent (`logs-errors.ts`).
 */
export const monitoringErrors: Readonly<Record<string, ErrorRule>> = {
  ResourceNotFound: gone,
  DashboardNotFoundError: { code: 'provider_not_found', remedy: 'Make the dashboard with monitoring_put_dashboard.' },
  LimitExceeded: full,
  LimitExceededFault: full,
  DashboardInvalidInputError: body,
  InvalidParameterInput: body,
  InvalidFormat: badFormat,
  InvalidFormatFault: badFormat,
};
