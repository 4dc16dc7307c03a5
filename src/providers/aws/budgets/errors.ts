import type { ErrorRule } from '../error-table.ts';

const busy: ErrorRule = {
  code: 'provider_conflict',
  remedy:
    'Something else is changing this budget. Look with costs_list_alerts in a minute, then set it again: the same again changes nothing.',
  retryable: true,
};

/** Codes of AWS Budgets. Source: AWS Cost Management API Reference, Errors of the actions of "AWS Budgets". */
export const budgetErrors: Readonly<Record<string, ErrorRule>> = {
  NotFoundException: { code: 'provider_not_found', remedy: 'The budget is gone: look with costs_list_alerts, and set it again.' },
  DuplicateRecordException: busy,
  ResourceLockedException: busy,
  InvalidParameterException: {
    code: 'provider_rejected',
    remedy:
      'Correct what the message names. A topic must exist in this account, and its policy must let budgets.amazonaws.com publish to it; most accounts budget in USD alone.',
  },
  CreationLimitExceededException: {
    code: 'provider_rejected',
    remedy: 'A budget takes few thresholds, and each of them one topic and ten addresses. Give fewer, or mail a distribution list.',
  },
  ServiceQuotaExceededException: {
    code: 'provider_rejected',
    remedy:
      'The account has as many budgets as its quota allows. Delete what nobody needs (in the console, under Billing), or raise the quota.',
  },
};
