import { z } from 'zod';
import { freeText, untrusted } from '../call/operation.ts';

/** Input and output fields that tools share, so that a name means the same everywhere. */

export const provider = z.enum(['aws', 'hostinger']);

/** EC2 instance id (`i-` and 8 or 17 hex digits) or the number of a Hostinger virtual machine. */
export const instanceId = z
  .string()
  .max(40)
  .regex(/^(i-[0-9a-f]{8}(?:[0-9a-f]{9})?|[1-9][0-9]{0,15})$/, 'expected an EC2 id like i-0123456789abcdef0 or a Hostinger number')
  .describe('i-… or a Hostinger number');

export const region = z
  .string()
  .max(40)
  .regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'expected a region like eu-north-1')
  .describe('e.g. eu-north-1');

export const account = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected an account name from ziggie.yaml');

export const limit = z.int().min(1).max(100).default(25);
export const cursor = z.string().max(2048).optional().describe('nextCursor of the page before');

export const instanceState = z.enum(['pending', 'running', 'stopping', 'stopped', 'restarting', 'terminating', 'terminated', 'unknown']);

/** Tag keys and values as EC2 takes them: 128 and 256 characters, `aws:` is reserved (EC2 User Guide, "Tag restrictions"). */
export const tags = z.record(
  z
    .string()
    .min(1)
    .max(128)
    .regex(/^(?!aws:)/i, 'tag keys must not start with aws:'),
  freeText(z.string().max(256)),
);

export const instanceRef = z.strictObject({ provider, id: instanceId, region: region.optional() });

export const stateChange = z.object({ provider, id: z.string(), previousState: instanceState, state: instanceState });

/** 3 to 63 lower-case letters, digits, dots and hyphens (S3 User Guide, "Bucket naming rules"). */
export const bucket = z
  .string()
  .max(63)
  .regex(/^(?!xn--|\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket name');

/** Up to 1,024 bytes of UTF-8; canonical, so that no two spellings mean one object. */
export const objectKey = z
  .string()
  .min(1)
  .max(1024)
  .refine((key) => Buffer.byteLength(key) <= 1024 && !key.startsWith('/'), 'expected at most 1024 bytes, not starting with /');

/** Secrets Manager: letters, digits and /_+=.@- (CreateSecret, "Name"). */
export const secretName = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9/_+=.@-]+$/, 'expected a secret name like ziggie/db')
  .describe('e.g. ziggie/db');

/** Lambda: 1 to 64 letters, digits, hyphens and underscores. */
export const functionName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'expected a function name, not an ARN');

/** Output rows of parts of a list that could not be read. */
export const missing = z
  .array(z.object({ provider, account: z.string(), region: z.string().optional(), code: z.string(), message: untrusted(z.string()) }))
  .optional()
  .describe('Parts that could not be read');
