import type { ErrorRule } from '../error-table.ts';

/** Lambda could not set up the place where the function runs, so that the function did not run, whatever the status. */
function neverRan(remedy: string, more: Partial<ErrorRule> = {}): ErrorRule {
  return { code: 'provider_rejected', remedy, refused: true, ...more };
}

const settling = neverRan('The function is being made or changed. functions_get shows its state: call again once it is Active.', {
  code: 'provider_conflict',
  retryable: true,
});
const key = neverRan('Lambda cannot decrypt the environment of the function: check its KMS key, and that its role may use the key.');
const network = neverRan('The network of the function is not right: check its subnets and security groups, and free addresses in them.');
const files = neverRan('The function cannot mount its file system: check the mount targets, security groups and access point.', {
  retryable: true,
});
const snapshot = neverRan('The snapshot of the function could not be restored: read its log, and publish a new version.');
const tooLarge = neverRan('Send less: at most 6 MB for sync and 1 MB for async. Put the data into a bucket and pass its key.', {
  code: 'invalid_input',
});
const artifact = neverRan('The code of the function is not in place. functions_get shows its state and why; publish the code again.');

/** Codes of this service and what we make of them, before the common table. Source: Lambda API Reference, "Invoke", Errors. */
export const functionsErrors: Readonly<Record<string, ErrorRule>> = {
  ResourceNotFoundException: {
    code: 'provider_not_found',
    remedy: 'Look for the name with functions_list; functions_get shows its aliases, which a qualifier must be one of.',
  },
  NoPublishedVersionException: {
    code: 'provider_not_found',
    remedy: 'The function has no published version: call it without a qualifier.',
  },
  ResourceConflictException: settling,
  SnapStartNotReadyException: settling,
  CodeArtifactUserPendingException: settling,
  ENINotReadyException: { ...settling, code: 'provider_unavailable' },
  ResourceNotReadyException: { ...settling, code: 'provider_unavailable' },
  TooManyRequestsException: {
    code: 'provider_throttled',
    remedy: 'The function or the account runs as many copies as it may. Wait for the given time, or invoke it with mode async.',
    retryable: true,
    refused: true,
  },
  EC2ThrottledException: {
    code: 'provider_throttled',
    remedy: 'EC2 throttled Lambda while it set the function up. Wait for the given time, then call again.',
    retryable: true,
    refused: true,
  },
  ServiceException: {
    code: 'provider_unavailable',
    remedy: 'Lambda has a problem of its own. Look at the log of the function before invoking it again: it may have run.',
    retryable: true,
  },
  RequestTooLargeException: tooLarge,
  SerializedRequestEntityTooLargeException: tooLarge,
  InvalidRequestContentException: { code: 'invalid_input', remedy: 'Lambda could not read the payload: give a JSON object.' },
  UnsupportedMediaTypeException: { code: 'invalid_input', remedy: 'Lambda takes JSON alone: give a JSON object as payload.' },
  ModeNotSupportedException: {
    code: 'invalid_input',
    remedy: 'The function does not take this mode: call again with the other (sync, async).',
  },
  RecursiveInvocationException: {
    code: 'provider_rejected',
    remedy: 'Lambda stopped a loop: the function sets off its own invocation through another service. Break the loop first.',
  },
  InvalidRuntimeException: neverRan('The runtime of the function is no longer supported: publish it with a current one.'),
  InvalidZipFileException: neverRan('Lambda cannot unpack the code of the function: publish it again.'),
  CodeArtifactUserDeletedException: artifact,
  CodeArtifactUserFailedException: artifact,
  KMSAccessDeniedException: key,
  KMSDisabledException: key,
  KMSInvalidStateException: key,
  KMSNotFoundException: key,
  EC2AccessDeniedException: neverRan('The role of the function lacks the permissions of AWSLambdaVPCAccessExecutionRole: add them.'),
  EC2UnexpectedException: network,
  ENILimitReachedException: network,
  InvalidSecurityGroupIDException: network,
  InvalidSubnetIDException: network,
  SubnetIPAddressLimitReachedException: network,
  EFSMountConnectivityException: files,
  EFSMountFailureException: files,
  EFSMountTimeoutException: files,
  S3FilesMountConnectivityException: files,
  S3FilesMountFailureException: files,
  S3FilesMountTimeoutException: files,
  SnapStartException: snapshot,
  SnapStartTimeoutException: snapshot,
  SnapStartRegenerationFailureException: snapshot,
};
