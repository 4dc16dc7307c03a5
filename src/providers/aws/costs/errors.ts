import { CallError } from '../../../call/errors.ts';
import type { ErrorRule } from '../error-table.ts';

/** What Cost Explorer says, under several codes, where it was never turned on. */
const notEnabled: ErrorRule = {
  code: 'provider_not_configured',
  remedy:
    'Turn Cost Explorer on in the Billing console of this account, or of its organisation, which must let its members see it (data is there a day later). Until then ask with provider hostinger for the other part.',
};

/** Nothing was collected yet, which is another thing than nothing spent. */
const noData: ErrorRule = {
  code: 'provider_not_configured',
  remedy:
    'Turn Cost Explorer on in the Billing console, where it is not; what was turned on today has its data tomorrow. Ask with provider hostinger for the other part.',
};

const changed: ErrorRule = { code: 'provider_rejected', remedy: 'The bill changed while it was read. Ask again.', retryable: true };

/**
 * Codes of Cost Explorer. Sources: AWS Cost Management API Reference, Errors of "GetCostAndUsage", "GetCostForecast" and "GetAnomalies";
 * the common errors of AWS's APIs.
 */
export const costErrors: Readonly<Record<string, ErrorRule>> = {
  OptInRequired: notEnabled,
  OptInRequiredException: notEnabled,
  SubscriptionRequiredException: notEnabled,
  DataUnavailableException: noData,
  LimitExceededException: {
    code: 'provider_throttled',
    remedy: 'Cost Explorer takes few requests in a short time. Wait for the given time; what was read before is shown meanwhile.',
    retryable: true,
  },
  BillExpirationException: { code: 'provider_rejected', remedy: 'The bill has just been closed. Ask again in an hour.', retryable: true },
  InvalidNextTokenException: changed,
  RequestChangedException: changed,
  ...Object.fromEntries(
    ['UnknownOperationException', 'UnknownOperation', 'InvalidAction', 'NotImplemented'].map((code) => [
      code,
      {
        code: 'provider_not_configured',
        remedy: 'What answers at AWS_ENDPOINT_URL does not have this operation of Cost Explorer. Unset it to ask AWS itself.',
      } satisfies ErrorRule,
    ]),
  ),
};

const denied =
  'Check the credentials that the server runs under, and allow their IAM identity (not the agents’) the ce: actions that docs/permissions.md names for this tool. The root user must also let IAM users and roles see billing, in the account settings.';

const unwell =
  'Try again in a few minutes. Where AWS_ENDPOINT_URL names an emulator, it may not have this operation of Cost Explorer: unset it to ask AWS itself.';

const tooOld =
  'Ask for a later month. Cost Explorer keeps 14 months; whoever owns the account can turn on data of several years, by the month, in its settings.';

/** What a service's code alone does not tell: Cost Explorer says different things under one, and emulators say none. */
export function explained(error: CallError): CallError {
  const { code, message: said = '' } = error.details.provider ?? {};
  const say = (rule: Pick<ErrorRule, 'code' | 'remedy'>) =>
    new CallError(rule.code, error.message, { ...error.details, remedy: rule.remedy });
  // "User not enabled for cost explorer access" comes as a denial.
  if (/not enabled for cost explorer|not subscribed|needs a subscription/i.test(said)) return say(notEnabled);
  if (/beyond (the past )?14 months/i.test(said)) return say({ code: 'provider_rejected', remedy: tooOld });
  if (error.code === 'provider_denied' && /^HTTP 40[13]$|^AccessDenied/.test(code ?? '')) return say({ code: error.code, remedy: denied });
  if (code !== undefined && /^HTTP 5\d\d$/.test(code)) return say({ code: error.code, remedy: unwell });
  return error;
}

/** Where nothing can be foretold there is data, only too little of it. */
export function explainedForecast(error: CallError): CallError {
  if (error.details.provider?.code !== 'DataUnavailableException') return error;
  return new CallError('provider_rejected', 'AWS has too little history of this account to forecast its costs.', {
    ...error.details,
    remedy: 'Nothing need be done: AWS forecasts after some weeks of use, and until then the trend of the days so far is shown instead.',
  });
}
