import type { ErrorRule } from '../error-table.ts';

/** Codes of CloudTrail and IAM and what we make of them, before the common table. Sources: their API references, "Errors". */
export const securityErrors: Readonly<Record<string, ErrorRule>> = {
  InsufficientS3BucketPolicyException: {
    code: 'provider_rejected',
    remedy:
      'The bucket does not let CloudTrail write yet. A new policy takes a minute to be known everywhere: call security_enable_trail again then. If it stays, look for a Deny in the policy of the bucket.',
    retryable: true,
  },
  S3BucketDoesNotExistException: {
    code: 'provider_not_found',
    remedy: 'The bucket of the trail is gone. Call security_enable_trail: it makes the bucket again.',
  },
  TrailNotFoundException: {
    code: 'provider_not_found',
    remedy: 'The trail was deleted meanwhile, or lives in another region. Call security_enable_trail to make it.',
  },
  TrailAlreadyExistsException: {
    code: 'provider_conflict',
    remedy: 'Somebody made the trail meanwhile. Call security_enable_trail again: it goes on from what is there.',
  },
  MaximumNumberOfTrailsExceededException: {
    code: 'provider_rejected',
    remedy: 'The region has its five trails already. Delete one that nobody needs, or widen one of them: aws cloudtrail describe-trails.',
  },
  InsufficientEncryptionPolicyException: {
    code: 'provider_rejected',
    remedy: 'The KMS key of the trail or bucket does not let CloudTrail encrypt. Add CloudTrail to the policy of the key.',
  },
  ConflictException: {
    code: 'provider_conflict',
    remedy: 'CloudTrail is still working on another change to the trail. Wait a minute, then call again.',
    retryable: true,
  },
  NoSuchEntityException: {
    code: 'provider_not_found',
    remedy: 'IAM has no such user, role or policy. Check the role of the account in ziggie.yaml.',
  },
  CredentialReportNotReadyException: {
    code: 'provider_conflict',
    remedy: 'IAM is still making the credential report. Review again in a minute.',
    retryable: true,
  },
  CredentialReportNotPresentException: {
    code: 'provider_conflict',
    remedy: 'IAM has lost its credential report. Review again: that makes a new one.',
    retryable: true,
  },
  CredentialReportExpiredException: {
    code: 'provider_conflict',
    remedy: 'The credential report has just expired. Review again: that makes a new one.',
    retryable: true,
  },
};
