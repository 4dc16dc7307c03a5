import { CallError, type ErrorCode } from '../../../call/errors.ts';

interface Explanation {
  readonly code?: ErrorCode;
  readonly remedy: string;
}

/**
 * Refusals that share a code, told apart by S3's own words: another permission would not help with most of them. Sources: S3 User Guide,
 * "Troubleshoot access denied (403 Forbidden) errors", "Using Object Lock", "Deleting an object from an MFA delete-enabled bucket".
 */
const explanations: readonly (readonly [RegExp, Explanation])[] = [
  [
    /protected by object lock|WORM protected/i,
    {
      code: 'provider_rejected',
      remedy: 'Object Lock keeps this version until its retention or legal hold ends. No permission helps; ask the owner of the bucket.',
    },
  ],
  [
    /\bMFA authentication\b/i,
    {
      code: 'provider_rejected',
      remedy:
        'The bucket has MFA Delete: only its owner with an MFA device deletes versions for good. Without versionId the object is hidden.',
    },
  ],
  [
    /requester pays bucket|RequestPayer/i,
    {
      code: 'provider_rejected',
      remedy: 'The bucket lets whoever reads it pay (Requester Pays), which this server does not agree to. Ask its owner for a copy.',
    },
  ],
  [
    /\bkms:[A-Z]|:kms:|KMS key/,
    {
      remedy:
        'The KMS key of the object or bucket does not let this identity use it. Have the policy of the key allow it, and the ARN of the key added to boundary.kmsKeys in ziggie.yaml.',
    },
  ],
  [
    /server[ -]side encryption/i,
    {
      code: 'provider_rejected',
      remedy: 'The object is encrypted with a key that only its owner has (SSE-C): this server cannot read it. Ask the owner.',
    },
  ],
];

/** Only codes that say nothing of the reason themselves. */
const vague = new Set(['AccessDenied', 'InvalidRequest']);

/** The error with the remedy that S3's own words ask for; any other as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof CallError)) return error;
  const { code = '', message = '' } = error.details.provider ?? {};
  const found = vague.has(code) ? explanations.find(([words]) => words.test(message))?.[1] : undefined;
  if (!found) return error;
  return new CallError(found.code ?? error.code, error.message, { ...error.details, remedy: found.remedy, cause: error.cause });
}

/** A function whose errors are explained. */
export function explaining<A extends unknown[], T>(run: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      throw explained(error);
    }
  };
}
