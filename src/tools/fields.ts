import { z } from 'zod';
import { freeText, mayReferToSecrets, secretInput, untrusted } from '../call/operation.ts';
import type { Converted } from '../ports/costs.ts';
import type { NewValue } from '../ports/secrets.ts';

/** Input and output fields that tools share, so that a name means the same everywhere. */

export const provider = z.enum(['aws', 'hostinger']);

/** EC2 instance id (`i-` and 8 or 17 hex digits) or the number of a Hostinger virtual machine. */
export const instanceId = z
  .string({ error: ({ input }) => (typeof input === 'number' ? 'expected text: put the number in quotes' : undefined) })
  .max(40)
  .regex(/^(i-[0-9a-f]{8}(?:[0-9a-f]{9})?|[1-9][0-9]{0,15})$/, 'expected an EC2 id like i-0123456789abcdef0 or a Hostinger number')
  .describe('i-… or a Hostinger number');

export const region = z
  .string()
  .max(40)
  .regex(/^([a-z]{2}(-[a-z]+)+-\d{1,2}|dc-\d{1,6})$/, 'expected a region like eu-north-1');

export const account = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected an account name from ziggie.yaml');

export const limit = z.int().min(1).max(100).default(25);
export const cursor = z.string().max(2048).optional();

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
  .regex(/^(?!xn--|\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket name')
  // What S3 keeps these endings for are aliases of other buckets, and buckets of other kinds with other rules.
  .refine((name) => !/\.\.|(--x-s3|--ol-s3|--table-s3|-s3alias|\.mrap)$/.test(name), 'expected a general purpose bucket, not an alias');

/** Up to 1,024 bytes of UTF-8; canonical, so that no two spellings mean one object. */
export const objectKey = z
  .string()
  .min(1)
  .max(1024)
  .refine((key) => Buffer.byteLength(key) <= 1024 && !key.startsWith('/'), 'expected at most 1024 bytes, not starting with /');

/** Starts of keys; as canonical as they are. */
export const prefix = z.string().min(1).max(1024);

/** S3: up to 1,024 bytes, opaque (S3 User Guide, "Version IDs"). */
export const versionId = freeText(
  z
    .string()
    .max(1024)
    .regex(/^[\w./+=-]+$/, 'expected a version id'),
).optional();

export const objectRef = z.strictObject({ bucket, key: objectKey, account: account.optional() });

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

export const functionRef = z.strictObject({ name: functionName, account: account.optional(), region: region.optional() });

export const secretRef = z.strictObject({ name: secretName, account: account.optional(), region: region.optional() });

/** Where a new value of a secret comes from: exactly one of the first three (`oneSource`). */
export const secretSource = {
  secretValue: secretInput(z.string().min(8).max(65_536)).optional().describe('The value itself, where policy lets you'),
  fromSecret: mayReferToSecrets(
    z
      .string()
      .max(600)
      .regex(/^(secret:\/\/\S+|\{\{resolve:[^{}]+\}\})$/, 'expected a reference and nothing else: secret://name#field'),
  )
    .optional()
    .describe('Copy of secret://name#field'),
  generate: z
    .strictObject({ length: z.int().min(16).max(128).default(32), punctuation: z.boolean().default(true) })
    .optional()
    .describe('{} for 32 characters'),
  field: freeText(z.string().min(1).max(200)).optional().describe('Member of a JSON value'),
};

interface SourceInput {
  readonly secretValue?: string | undefined;
  readonly fromSecret?: string | undefined;
  readonly generate?: { length: number; punctuation: boolean } | undefined;
}

export function oneSource({ secretValue, fromSecret, generate }: SourceInput): string | undefined {
  const given = [secretValue, fromSecret, generate].filter((source) => source !== undefined).length;
  return given === 1 ? undefined : 'give exactly one of generate, fromSecret and secretValue.';
}

/** Behind the road's step 6 a reference has become the value that it stands for. */
export function newSecretValue({ secretValue, fromSecret, generate }: SourceInput): NewValue {
  return generate ? { from: 'generated', ...generate } : { from: 'given', value: secretValue ?? fromSecret ?? '' };
}

/** EC2 only, unlike `instanceId`. */
export const ec2InstanceId = z
  .string()
  .regex(/^i-([0-9a-f]{8}|[0-9a-f]{17})$/, 'expected an EC2 id like i-0123456789abcdef0')
  .describe('i-…');

/** Without its limits in the schema: no caller comes near them, and each costs tokens. */
const upTo = (most: number) => z.string().refine(({ length }) => length > 0 && length <= most, `expected 1 to ${most} characters`);

/** CloudWatch API reference: "Metric", "Dimension" and PutMetricAlarm, "AlarmName". */
export const metricNamespace = upTo(255);
export const metricName = upTo(255);
export const dimensionName = upTo(255);
export const dimensionValue = upTo(1024);
export const alarmName = upTo(255);
export const statistic = z.enum(['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount']);

/** Output rows of parts of a list that could not be read. */
export const missing = z
  .array(z.object({ provider, account: z.string(), region: z.string().optional(), code: z.string(), message: untrusted(z.string()) }))
  .optional()
  .describe('Parts that could not be read');

/** A month of UTC; which ones there are is for the costs to say. */
export const month = z.string().max(10).describe('YYYY-MM');

/** Rows of texts: described as such they cost agents half of what named members do, and read the same. */
export function texts<K extends string>(...names: [K, ...K[]]) {
  return z.partialRecord(z.enum(names), z.string());
}

/** The same, of rows that hold a name from outside. */
export function namedTexts<K extends string>(...names: [K, ...K[]]) {
  return z.partialRecord(z.enum(names), untrusted(z.string(), 120));
}

/** How old costs are; what asking for them cost is told by costs_current. */
export const costAge = { ageMinutes: z.int(), missing };

/** `33.76 USD at 1 EUR = 1.08 USD` */
export function conversion(converted: Converted | undefined): { converted?: string } {
  return converted ? { converted: `${converted.total} ${converted.currency} at ${converted.rates.join(', ')}` } : {};
}

/** What both reviews take; each adds where to look. A finding with its fix is as long as three rows of other lists. */
export const reviewInput = z.strictObject({
  severity: z.enum(['critical', 'high', 'medium', 'low']).optional(),
  limit: limit.unwrap().default(10),
  cursor,
});

export const reviewOutput = z.object({
  findings: z.array(
    z.object({
      severity: z.string(),
      rule: z.string(),
      resource: untrusted(z.string(), 300),
      region: z.string().optional(),
      account: z.string().optional(),
      evidence: untrusted(z.string(), 600),
      fix: z.string(),
    }),
  ),
  counts: z.record(z.string(), z.number()),
  checked: z.array(z.string()),
  nextCursor: z.string().optional(),
  missing: z
    .array(
      z.object({
        provider,
        account: z.string(),
        region: z.string().optional(),
        // Absent for an account that could not be asked at all.
        check: z.string().optional(),
        code: z.string(),
        message: untrusted(z.string(), 600),
      }),
    )
    .optional()
    .describe('Not seen, so not clean'),
});

export const auditBucket = bucket.default('ziggie-audit-logs').describe('of this account');

/** As ziggie.yaml has them: lower case, no final dot, so that policy knows one spelling. */
export const zoneName = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/, 'expected a domain in lower case like example.com');

/** Labels of up to 63 characters (RFC 1035 2.3.4), with underscores (RFC 8552) and a leading star (RFC 4592). */
export const recordName = z
  .string()
  .max(253)
  .regex(
    /^(@|(\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*)$/,
    'expected labels in lower case like www, or @ for the zone itself',
  )
  .describe('www, or @ for the zone itself');

/** What Hostinger's API takes. */
export const recordType = z.enum(['A', 'AAAA', 'ALIAS', 'CAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT']);

interface RecordsInput {
  readonly zone: string;
  readonly records: readonly { readonly name: string; readonly type: string }[];
}

/** A full name below a zone would become `www.example.com.example.com`, and `example.com` is not `@`. */
export function relativeNames({ zone, records }: RecordsInput): string | undefined {
  const full = records.find(({ name }) => name === zone || name.endsWith(`.${zone}`))?.name;
  if (full) return `names are relative to the zone: write ${full.slice(0, -zone.length - 1) || '@'}, not ${full}.`;
  const sets = records.map(({ name, type }) => `${type} ${name}`);
  const twice = sets.find((set, index) => sets.indexOf(set) < index);
  return twice === undefined ? undefined : `give ${twice} once, with all its values.`;
}

/** Of one record. */
export const longestValue = 4_096;

/** `A www 300 203.0.113.7`: type, name (253 at most), TTL in seconds, value. Whole, since lines are offered for putting back. */
const recordLines = z.array(untrusted(z.string(), longestValue + 300));

export const zoneChange = z.object({
  zone: z.string(),
  added: recordLines,
  removed: recordLines,
  snapshot: z.int().optional(),
  changed: z.boolean(),
  note: z.string().optional(),
});

/** A server that SSH reaches, or a virtual machine that the API knows: as ziggie.yaml calls it. */
export const server = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected the name of a server in ziggie.yaml');

/** As ziggie.yaml names applications. */
export const appName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected the name of an application in ziggie.yaml');

export const appRef = z.strictObject({ app: appName, provider: provider.optional() });

/** A word that means nothing to a file system, a shell or a URL. */
export const appVersion = z
  .string()
  .max(64)
  .regex(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'expected a version like v1.2.0');

export const deploymentId = z
  .string()
  .max(40)
  .regex(/^dep_[a-z0-9]+$/, 'expected an id like dep_… of deploy_list');

export const deployReport = z.object({
  deployment: z.string().optional(),
  app: z.string(),
  provider: z.string(),
  version: z.string(),
  status: z.string().optional(),
  serving: z.string().optional(),
  previous: z.string().optional(),
});
