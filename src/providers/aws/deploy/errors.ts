import type { ErrorRule } from '../error-table.ts';

/** Codes of Lambda that only changes of its code meet. Source: Lambda API Reference, Errors of "UpdateFunctionCode", "UpdateAlias". */
export const lambdaDeployErrors: Readonly<Record<string, ErrorRule>> = {
  PreconditionFailedException: {
    code: 'provider_conflict',
    remedy:
      'Somebody else changed the function or its alias at this moment. Find out who, then deploy again: it goes on from what is there.',
    refused: true,
  },
  CodeStorageExceededException: {
    code: 'provider_rejected',
    remedy: 'Lambda has no room for more code in this account and region: lower keepReleases, or delete versions that nobody needs.',
    refused: true,
  },
  CodeVerificationFailedException: {
    code: 'provider_rejected',
    remedy: 'The function takes signed code only: have the artifact signed, or its code signing configuration changed by its owner.',
    refused: true,
  },
};

/** Source: Systems Manager API Reference, Errors of "SendCommand" and "ListCommandInvocations". */
export const ssmErrors: Readonly<Record<string, ErrorRule>> = {
  InvalidInstanceId: {
    code: 'provider_rejected',
    remedy:
      'One of the instances is not managed by Systems Manager, or has just stopped. It needs the SSM agent and a role with AmazonSSMManagedInstanceCore; then deploy again.',
    refused: true,
  },
  MaxDocumentSizeExceeded: {
    code: 'provider_rejected',
    remedy: 'The command is longer than Systems Manager takes: shorten the folder and the health command in ziggie.yaml.',
    refused: true,
  },
};

/** Source: CloudFront API Reference, Errors of "GetDistribution" and "CreateInvalidation". */
export const cloudfrontErrors: Readonly<Record<string, ErrorRule>> = {
  NoSuchDistribution: {
    code: 'provider_not_found',
    remedy: 'Correct `distribution` of the application in ziggie.yaml: the CloudFront console shows the ids.',
    refused: true,
  },
  TooManyInvalidationsInProgress: {
    code: 'provider_throttled',
    remedy: 'CloudFront works on as many invalidations as it may. Wait some minutes, then deploy the same version again.',
    retryable: true,
    refused: true,
  },
};
