import type { ErrorRule } from '../error-table.ts';

const turnOn =
  'Turn Cost Explorer on in the Billing console of this account (its data is there a day later), or ask with provider hostinger for the other part.';

/** What Cost Explorer says where it was never turned on. */
export const notEnabled: ErrorRule = { code: 'provider_not_configured', remedy: turnOn };

/** Codes of Cost Explorer. Source: AWS Cost Management API Reference, Errors of "GetCostAndUsage". */
export const costErrors: Readonly<Record<string, ErrorRule>> = {
  DataUnavailableException: notEnabled,
  LimitExceededException: {
    code: 'provider_throttled',
    remedy: 'Cost Explorer takes few requests in a short time. Wait for the given time; what was read before is shown meanwhile.',
    retryable: true,
  },
  BillExpirationException: { code: 'provider_rejected', remedy: 'The bill has just been closed. Ask again in an hour.', retryable: true },
  InvalidNextTokenException: { code: 'provider_rejected', remedy: 'The bill changed while it was read. Ask again.', retryable: true },
  RequestChangedException: { code: 'provider_rejected', remedy: 'The bill changed while it was read. Ask again.', retryable: true },
};
