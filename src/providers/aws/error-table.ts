import type { ErrorCode } from '../../call/errors.ts';

export interface ErrorRule {
  readonly code: ErrorCode;
  /** What a colleague would say; `{profile}` and `{region}` are filled in. */
  readonly remedy: string;
  readonly retryable?: boolean;
  /** The service said no, whatever the status: EC2 answers throttling with 503 and missing capacity with 500. */
  readonly refused?: boolean;
}

const denied: ErrorRule = {
  code: 'provider_denied',
  remedy:
    'Give the IAM identity of this account the missing permission (docs/permissions.md names the actions of each tool), or ask whoever owns the account.',
};
const credentialsExpired: ErrorRule = {
  code: 'provider_denied',
  remedy: 'The AWS credentials have expired. Sign in again ({login}), or set a new AWS_SESSION_TOKEN with its key pair, and restart.',
};
const credentialsWrong: ErrorRule = {
  code: 'provider_not_configured',
  remedy:
    'AWS does not know these credentials. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE, and restart.',
};
const signature: ErrorRule = {
  code: 'provider_not_configured',
  remedy: 'Check that AWS_SECRET_ACCESS_KEY belongs to the key id, and that the clock of this machine is right.',
};
const clock: ErrorRule = {
  code: 'provider_denied',
  remedy: 'Set the clock of this machine (AWS refuses requests that are minutes off), then try again.',
};
const throttled: ErrorRule = {
  code: 'provider_throttled',
  remedy: 'Wait for the given time, then try again with fewer calls.',
  retryable: true,
  refused: true,
};
const capacity: ErrorRule = {
  code: 'provider_rejected',
  remedy: 'AWS has no such machine free in this zone. Try again later, or use another instance type, subnet (zone) or region.',
  retryable: true,
  refused: true,
};
const quota: ErrorRule = {
  code: 'provider_rejected',
  remedy:
    'The account has reached its quota in {region}. Terminate instances that nobody needs, use a smaller type, or raise it in Service Quotas.',
  refused: true,
};
const parameter: ErrorRule = {
  code: 'provider_rejected',
  remedy: 'Correct the argument that the provider names in its message.',
};
const missing: ErrorRule = {
  code: 'provider_not_found',
  remedy: 'Check the id and the region; what was deleted a while ago is no longer known.',
};
const conflict: ErrorRule = {
  code: 'provider_conflict',
  remedy: 'Read the instance with instances_get: its state does not allow this. Wait until it has settled, then decide again.',
};

const busy: ErrorRule = {
  code: 'provider_conflict',
  remedy: 'Read the target again: its state does not allow this now. Wait until it has settled, then decide again.',
};

/** What AWS calls an error, and what we make of it. Sources: EC2 API reference "Error codes", and the common errors of the query APIs. */
export const errorTable: Readonly<Record<string, ErrorRule>> = {
  'InvalidInstanceID.NotFound': missing,
  'InvalidInstanceID.Malformed': { ...missing, code: 'invalid_input' },
  'InvalidAMIID.NotFound': {
    ...parameter,
    remedy: 'The image does not exist in {region}, or this account may not use it: image ids differ by region.',
  },
  IncorrectInstanceState: conflict,
  IncorrectState: conflict,
  IdempotentParameterMismatch: {
    code: 'provider_conflict',
    remedy: 'The same idempotency key was used before with other arguments. Repeat the first call exactly, or use a new key.',
  },
  OperationNotPermitted: {
    code: 'provider_rejected',
    remedy:
      'The instance is protected against this (termination or stop protection). Ask its owner; only a person should take the protection off.',
  },
  OptInRequired: {
    code: 'provider_rejected',
    remedy: 'The account has not accepted the terms of this image or enabled {region}: do that in the AWS console, then try again.',
  },
  UnauthorizedOperation: denied,
  AccessDenied: denied,
  AccessDeniedException: denied,
  ExpiredToken: credentialsExpired,
  ExpiredTokenException: credentialsExpired,
  RequestExpired: {
    ...clock,
    remedy: 'The request came too late: set the clock of this machine. With temporary credentials also sign in again ({login}).',
  },
  RequestTimeTooSkewed: clock,
  RequestInTheFuture: clock,
  PackedPolicyTooLarge: {
    code: 'provider_not_configured',
    remedy: 'The session policy of the agent is too large for STS: permit it fewer tools, or shorten its boundary in ziggie.yaml.',
  },
  InvalidClientTokenId: credentialsWrong,
  UnrecognizedClientException: credentialsWrong,
  AuthFailure: credentialsWrong,
  SignatureDoesNotMatch: signature,
  InvalidSignatureException: signature,
  RequestLimitExceeded: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  ThrottledException: throttled,
  EC2ThrottledException: throttled,
  RequestThrottled: throttled,
  TooManyRequestsException: throttled,
  InsufficientInstanceCapacity: capacity,
  InsufficientHostCapacity: capacity,
  InsufficientCapacity: capacity,
  Unsupported: {
    ...parameter,
    remedy: 'This instance type does not exist in that zone, or the image does not fit it. Use another type, subnet or image.',
  },
  InstanceLimitExceeded: quota,
  VcpuLimitExceeded: quota,
  MaxSpotInstanceCountExceeded: quota,
  ResourceCountExceeded: quota,
  InvalidNextToken: { code: 'invalid_input', remedy: 'The cursor is no longer valid: list again without it.' },
  InvalidParameterValue: parameter,
  InvalidParameterCombination: parameter,
  InvalidParameter: parameter,
  MissingParameter: parameter,
  ValidationError: parameter,
  ValidationException: parameter,
  InvalidParameterException: parameter,
  ResourceNotFoundException: missing,
  NotInSandbox: {
    code: 'provider_not_configured',
    remedy: 'The sandbox does not emulate this. Start the server without --sandbox, with credentials, to use it.',
    refused: true,
  },
};

/** For a code that is not in the table, or a reply that could not be read. */
export function ruleForStatus(status: number): ErrorRule {
  if (status >= 500) {
    return {
      code: 'provider_unavailable',
      remedy: 'AWS has a problem of its own. Try again in a few minutes; the AWS Health Dashboard may say more.',
      retryable: true,
    };
  }
  if (status === 429) return throttled;
  if (status === 409) return busy;
  if (status === 404) return missing;
  if (status === 401 || status === 403) return denied;
  return parameter;
}
