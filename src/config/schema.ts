import { z } from 'zod';
import { isRegionName } from './rules.ts';

/** Shape of ziggie.yaml. Every object is strict: a misspelt key stops the start. */

export const regionName = z.string().refine(isRegionName, 'expected an AWS region like eu-north-1');

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and hyphens');

const limits = z.strictObject({
  callsPerMinute: z.int().min(1).max(1_000_000),
  callsAtOnce: z.int().min(1).max(1_000),
});

const agent = z.strictObject({
  id: name,
  description: z.string().max(200).optional(),
  teams: z.array(name).default([]),
  /** Toolsets that the agent is offered; `all` for every one. */
  toolsets: z.union([z.literal('all'), z.array(name)]).default('all'),
  limits: limits.partial().default({}),
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
  /** `serve` only: host names, besides loopback, that requests may name in Host and Origin. */
  http: z.strictObject({ allowedHosts: z.array(z.string().min(1)).default([]) }).prefault({}),
});

export type ZiggieYaml = z.output<typeof ziggieYaml>;
