import { z } from 'zod';
import { isRegionName } from './rules.ts';

/** Shape of ziggie.yaml. Every object is strict: a misspelt key stops the start. */

export const regionName = z.string().refine(isRegionName, 'expected an AWS region like eu-north-1');

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and hyphens');

const limits = z.strictObject({
  callsPerMinute: z.int().min(1).max(1_000_000),
  callsAtOnce: z.int().min(1).max(1_000),
});

const pattern = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9/_+=.@-]{0,200}\*?$/, 'expected a name, or the start of one and a star');

/** IAM would read wildcards and variables in it. */
const plainText = z.string().regex(/^[^*?$]*$/, 'expected text without *, ? and $');

/** Whether a range leaves most of the internet out. */
function isNarrow(range: string): boolean {
  return Number(range.split('/')[1]) >= (range.includes(':') ? 16 : 8);
}

/** What AWS itself lets an agent reach in accounts that name a role, whatever policy says. */
const boundary = z.strictObject({
  /** Tags that instances must carry. */
  tags: z
    .record(plainText.min(1).max(128), plainText.max(256))
    .refine((tags) => Object.keys(tags).length > 0, 'expected at least one tag: none would mean every instance')
    .default({ Project: 'Ziggie' }),
  buckets: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket name')).default(['ziggie-deployments']),
  /** Keys, in every bucket. */
  prefixes: z
    .array(z.string().regex(/^(?!\/)(?!.*(\.\.|\/\/))[^*?$\\]{0,200}\*$/, 'expected the start of a key and a star'))
    .default(['*']),
  secrets: z.array(pattern).default(['ziggie/*']),
  functions: z.array(pattern).default(['ziggie-*']),
  kmsKeys: z
    .array(
      z
        .string()
        .regex(
          /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,64}$/,
          'expected the ARN of a KMS key: arn:aws:kms:eu-north-1:123456789012:key/…',
        ),
    )
    .default([]),
});

const agent = z.strictObject({
  id: name,
  description: z.string().max(200).optional(),
  teams: z.array(name).default([]),
  /** Toolsets that the agent is offered; `all` for every one. */
  toolsets: z.union([z.literal('all'), z.array(name)]).default('all'),
  limits: limits.partial().default({}),
  boundary: boundary.prefault({}),
});

const approver = z.strictObject({
  id: name,
  /** Ed25519 public key, SPKI DER, base64. */
  publicKey: z.base64('expected a base64 public key as printed by `approvers add`'),
});

const awsAccount = z.strictObject({
  name,
  /** Compared with what STS says; absent: what STS says. */
  accountId: z
    .string()
    .regex(/^\d{12}$/, 'expected twelve digits, quoted')
    .optional(),
  profile: z.string().min(1).optional(),
  /** `instance-role` asks the metadata service of the EC2 instance that the server runs on; nothing else does. */
  credentials: z.enum(['environment', 'instance-role']).default('environment'),
  /** Role that agents' calls run under, each in a session with its own policy. */
  role: z
    .string()
    .regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'expected the ARN of a role: arn:aws:iam::123456789012:role/name')
    .optional(),
  /** Absent: AWS_REGION. */
  regions: z.array(regionName).min(1).optional(),
});

export const ziggieYaml = z.strictObject({
  agents: z.array(agent).min(1),
  approvers: z.array(approver).default([]),
  approvals: z.strictObject({ ttlMinutes: z.int().min(1).max(1440).default(10) }).prefault({}),
  limits: limits.partial().default({}),
  aws: z.strictObject({ accounts: z.array(awsAccount).min(1) }).prefault({ accounts: [{ name: 'main' }] }),
  audit: z
    .strictObject({
      logGroup: z
        .string()
        .regex(/^[\w./#-]{1,512}$/, 'expected a CloudWatch Logs group name')
        .default('/ziggie/infrastructure-audit'),
      /** Account whose CloudWatch Logs receives the record; absent: the first. */
      account: name.optional(),
      region: regionName.optional(),
      pruneAfterDays: z.int().min(1).max(3650).default(30),
    })
    .prefault({}),
  storage: z
    .strictObject({
      /** Folder that uploads from files may come from; relative to the configuration folder. */
      workspace: z.string().min(1).optional(),
      maxShareMinutes: z.int().min(1).max(10_080).default(60),
    })
    .prefault({}),
  security: z
    .strictObject({
      /** Where SSH is expected from; a rule that is wider is a finding. */
      sshRanges: z
        .array(z.union([z.cidrv4(), z.cidrv6()], 'expected ranges like 203.0.113.0/24'))
        .refine(
          (ranges) => ranges.every(isNarrow),
          'expected ranges narrower than /8, or /16 for IPv6: a wider one would expect SSH from everywhere',
        )
        .default([]),
    })
    .prefault({}),
  /** `serve` only: host names, besides loopback, that requests may name in Host and Origin. */
  http: z.strictObject({ allowedHosts: z.array(z.string().min(1)).default([]) }).prefault({}),
});

export type ZiggieYaml = z.output<typeof ziggieYaml>;
