import type { CallError } from '../../../call/errors.ts';
import type { ErrorRule } from '../error-table.ts';

const credentials: ErrorRule = {
  code: 'provider_not_configured',
  remedy: 'AWS does not know these credentials. Check the keys or the profile of this account, and restart.',
};
const damaged: ErrorRule = {
  code: 'provider_rejected',
  remedy: 'What arrived is not what was sent: it was damaged on the way. Nothing was stored; call again.',
  retryable: true,
  refused: true,
};
const uploadGone: ErrorRule = {
  code: 'provider_conflict',
  remedy:
    'Somebody ended this upload from outside (or a lifecycle rule did). Look at the object with storage_get_object, then upload again.',
};
const key: ErrorRule = {
  code: 'provider_rejected',
  remedy:
    'The KMS key that encrypts this object or bucket cannot be used: it is disabled, deleted, or in another region. Have its owner look at it.',
};
const slowDown: ErrorRule = {
  code: 'provider_throttled',
  remedy: 'Wait for the given time, then try again with fewer calls.',
  retryable: true,
  refused: true,
};

/** Codes of S3 and what we make of them, before the common table. Source: S3 API reference, "Error responses". */
export const storageErrors: Readonly<Record<string, ErrorRule>> = {
  NoSuchBucket: { code: 'provider_not_found', remedy: 'Look for the bucket with storage_list_buckets.' },
  NoSuchKey: { code: 'provider_not_found', remedy: 'Look for the object with storage_list_objects; it may just have been deleted.' },
  NotFound: { code: 'provider_not_found', remedy: 'Look for the object with storage_list_objects; it may just have been deleted.' },
  NoSuchVersion: { code: 'provider_not_found', remedy: 'There is no such version. Leave versionId out to get the current one.' },
  MethodNotAllowed: {
    code: 'provider_rejected',
    remedy: 'This version is a delete marker: it has no content. Delete it with storage_delete_object to get the object back.',
  },
  InvalidRange: { code: 'invalid_input', remedy: 'Read from an earlier byte: the object ends before.' },
  InvalidBucketName: { code: 'invalid_input', remedy: 'Look for the bucket with storage_list_buckets.' },
  KeyTooLongError: { code: 'invalid_input', remedy: 'Use a key of at most 1024 bytes.' },
  EntityTooLarge: { code: 'invalid_input', remedy: 'The object is larger than S3 takes. Upload it in several objects.' },
  PreconditionFailed: {
    code: 'provider_conflict',
    remedy: 'Somebody changed the object meanwhile. Look at it with storage_get_object, decide again, and call again.',
  },
  ConditionalRequestConflict: {
    code: 'provider_conflict',
    remedy: 'Somebody else was writing the object at this moment. Look at it with storage_get_object, decide again, and call again.',
    retryable: true,
  },
  BucketAlreadyOwnedByYou: {
    code: 'provider_conflict',
    remedy: 'The account has the bucket already, since a moment. Call again: it goes on from what is there.',
    retryable: true,
  },
  OperationAborted: {
    code: 'provider_conflict',
    remedy: 'Another change of this bucket was under way. Wait a moment and call again.',
    retryable: true,
  },
  InvalidObjectState: {
    code: 'provider_rejected',
    remedy: 'The object is archived (Glacier). Its owner must restore it first, which takes minutes to hours and costs money.',
  },
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  RequestTimeout: {
    code: 'provider_unavailable',
    remedy: 'The upload was too slow for S3, and nothing was stored. Check the network and call again.',
    retryable: true,
    refused: true,
  },
  NoSuchUpload: uploadGone,
  InvalidPart: uploadGone,
  'KMS.DisabledException': key,
  'KMS.NotFoundException': key,
  'KMS.KMSInvalidStateException': key,
  SlowDown: slowDown,
  InvalidAccessKeyId: credentials,
  InvalidToken: credentials,
};

/** Headers of the reply that failed: all that S3 says of a HEAD. */
export function headersOf({ cause }: CallError): Readonly<Record<string, string | undefined>> {
  const { $response } = (cause ?? {}) as { $response?: { headers?: Record<string, string> } };
  return $response?.headers ?? {};
}
