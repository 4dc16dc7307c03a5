import type { ErrorRule } from '../error-table.ts';

/** Codes of this service and what we make of them, before the common table. Source: Secrets Manager API Reference, "Errors" of each action. */
export const secretsErrors: Readonly<Record<string, ErrorRule>> = {
  ResourceNotFoundException: {
    code: 'provider_not_found',
    remedy: 'Look for the name with secrets_list. A secret that was just made may also have no value yet: give it one with secrets_update.',
  },
  ResourceExistsException: {
    code: 'provider_conflict',
    remedy:
      'The name is taken. Change the secret with secrets_update, or choose another name; if secrets_describe says that it is deleted, secrets_restore brings it back.',
  },
  InvalidRequestException: {
    code: 'provider_conflict',
    remedy:
      'The state of the secret does not allow this; secrets_describe shows it. If it is deleted, bring it back with secrets_restore first. If it is a replica, call again with its primaryRegion as region. If it has replicas, a person must remove them before it can be deleted. If another service manages it, change it there.',
  },
  InvalidNextTokenException: { code: 'invalid_input', remedy: 'The cursor is no longer valid: list again without it.' },
  LimitExceededException: {
    code: 'provider_rejected',
    remedy: 'The account has as many secrets or versions as it may have. Delete what nobody needs with secrets_delete, or raise the quota.',
  },
  EncryptionFailure: {
    code: 'provider_denied',
    remedy: 'Secrets Manager cannot use the KMS key of this secret: check that the key is enabled, and the key policy.',
  },
  DecryptionFailure: {
    code: 'provider_denied',
    remedy: 'Secrets Manager cannot decrypt this secret: check that its KMS key is enabled, and kms:Decrypt in the key policy.',
  },
  PreconditionNotMetException: {
    code: 'provider_conflict',
    remedy: 'Something of the secret changed in between. Read it with secrets_describe, then decide again.',
  },
  InternalServiceError: {
    code: 'provider_unavailable',
    remedy: 'Secrets Manager has a problem of its own. Read the secret with secrets_describe, then try again in a few minutes.',
    retryable: true,
  },
};
