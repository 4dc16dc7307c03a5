import type { ErrorRule } from '../error-table.ts';

/** Codes of SES. Source: SES API v2 Reference, Errors of "SendEmail". */
export const mailErrors: Readonly<Record<string, ErrorRule>> = {
  MessageRejected: {
    code: 'provider_rejected',
    remedy:
      'Verify costs.mail.from (address or domain) in SES in {region}. While the account is in the SES sandbox every recipient has to be verified too.',
  },
  MailFromDomainNotVerifiedException: {
    code: 'provider_rejected',
    remedy: 'The MAIL FROM domain of the identity is not verified in {region}: finish its setup in the SES console.',
  },
  SendingPausedException: {
    code: 'provider_rejected',
    remedy: 'Sending is paused for this account: turn it on again in the SES console in {region}.',
  },
  AccountSuspendedException: {
    code: 'provider_rejected',
    remedy: 'SES has shut down sending for this account: answer its case in the AWS support center.',
  },
  LimitExceededException: {
    code: 'provider_throttled',
    remedy: 'The account has used up what SES lets it send. Try again later, or raise the quota in the SES console.',
    retryable: true,
    refused: true,
  },
  BadRequestException: {
    code: 'provider_rejected',
    remedy: 'SES does not take this mail: do what it says, and check costs.mail.from and the recipients.',
  },
  NotFoundException: {
    code: 'provider_rejected',
    remedy: 'SES in {region} does not know the identity of costs.mail.from: verify it there, or set costs.mail.ses.region to where it is.',
  },
};
