import { z } from 'zod';
import { costs } from './schema-costs.ts';
import { money, name, regionName } from './schema-words.ts';

/** Shape of ziggie.yaml. Every object is strict: a misspelt key stops the start. */

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
  /** What the agent may add to a month of costs, by list price, in the budget's currency; absent: no cap. */
  monthlyCap: money.optional(),
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

/** No traversal and nothing that a shell or a terminal would read. */
const absolutePath = z
  .string()
  .max(512)
  .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/, 'expected an absolute path without .. and special characters');

const unitName = z.string().regex(/^[A-Za-z0-9][\w.@:-]{0,127}$/, 'expected the name of a systemd unit');

/** Stands as a whole argument or inside of one. */
const parameter = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), pattern: z.string().min(1).max(200), default: z.string().optional() }),
  z.strictObject({ type: z.literal('choice'), choices: z.array(z.string().min(1)).min(1), default: z.string().optional() }),
  z.strictObject({ type: z.literal('integer'), min: z.int(), max: z.int(), default: z.int().optional() }),
  /** Given as a reference to a secret; reaches the command on its standard input, not as an argument. */
  z.strictObject({ type: z.literal('secret') }),
]);

const command = z.strictObject({
  description: z.string().max(200).optional(),
  /** Argument vector; `{name}` stands for a parameter. No shell reads it. */
  run: z.tuple([z.string().min(1)], z.string()),
  parameters: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'expected a name like max_depth'), parameter).default({}),
  timeoutSeconds: z.int().min(1).max(900).default(30),
});

const tags = z.record(z.string().min(1).max(128), z.string().max(256));

const server = z.strictObject({
  name: name.refine((text) => /[a-z-]/.test(text), 'expected a letter in it: a number alone is that of a virtual machine'),
  /** Number of the virtual machine at Hostinger; absent: only SSH knows it. */
  id: z.int().min(1).optional(),
  tags: tags.default({}),
  /** What is absent comes from HOSTINGER_VPS_HOST, HOSTINGER_SSH_*, or the secret ziggie/hostinger-ssh. */
  ssh: z
    .strictObject({
      host: z.string().min(1).max(253).optional(),
      port: z.int().min(1).max(65_535).optional(),
      user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'expected a user name')
        .optional(),
      /** `SHA256:…` as `ssh-keygen -lf` prints it; several while a key is changed. */
      hostKeys: z
        .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'expected a fingerprint like SHA256:…'))
        .min(1)
        .optional(),
      /** Path of a known_hosts file, relative to the configuration folder. */
      knownHosts: z.string().min(1).optional(),
      /** Path of a private key, or `agent` for the one of SSH_AUTH_SOCK. */
      key: z.string().min(1).optional(),
      /** Commands and transfers at once; below MaxSessions of the server (10 by default). */
      sessions: z.int().min(1).max(64).default(8),
    })
    .prefault({}),
  /** Folders that vps_read_file may read below. */
  readFolders: z.array(absolutePath).default(['/var/log']),
  /** Units that vps_service may touch; names may end in a star. */
  services: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.@:-]{0,127}\*?$/, 'expected the name of a systemd unit, or the start of one and a star'))
    .default(['ziggie-*']),
  commands: z.record(name, command).default({}),
});

const source = z.union([
  z.strictObject({ folder: z.string().min(1) }),
  z.strictObject({ tarball: z.string().min(1) }),
  z.strictObject({ bucket: z.string().min(3), key: z.string().min(1), account: name.optional(), region: regionName.optional() }),
]);

/** Which of them a target needs is checked with the target. */
const health = z.strictObject({
  /** Asked from where this server runs. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  expectStatus: z.int().min(100).max(599).default(200),
  expectText: z.string().min(1).max(500).optional(),
  /** Run where the application runs. */
  command: z.tuple([z.string().min(1)], z.string()).optional(),
  withinSeconds: z.int().min(1).max(600).default(60),
  everySeconds: z.int().min(1).max(60).default(2),
});

const awsPlace = { account: name.optional(), region: regionName.optional() };

const awsTarget = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ec2'),
    ...awsPlace,
    tags: tags.refine((each) => Object.keys(each).length > 0, 'expected at least one tag: none would mean every instance'),
    bucket: z.string().min(3).default('ziggie-deployments'),
    folder: absolutePath,
    service: unitName.optional(),
  }),
  z.strictObject({
    kind: z.literal('static-site'),
    ...awsPlace,
    bucket: z.string().min(3),
    prefix: z
      .string()
      .regex(/^(?!\/)(?!.*(\.\.|\/\/)).*\/$/, 'expected a prefix that ends in /')
      .default(''),
    distribution: z
      .string()
      .regex(/^E[A-Z0-9]{5,30}$/, 'expected the id of a CloudFront distribution')
      .optional(),
    entryDocuments: z.array(z.string().min(1)).min(1).default(['index.html']),
  }),
  z.strictObject({
    kind: z.literal('lambda'),
    ...awsPlace,
    function: z.string().regex(/^[\w-]{1,64}$/, 'expected the name of a function'),
    alias: z
      .string()
      .regex(/^(?!\d+$)[\w-]{1,128}$/, 'expected the name of an alias')
      .default('live'),
    shift: z.strictObject({ percent: z.int().min(1).max(99), seconds: z.int().min(1).max(600) }).optional(),
  }),
]);

const app = z.strictObject({
  name,
  /** One of the teams of the agents. */
  team: name,
  tags: tags.default({}),
  source,
  /** A deployment that was not healthy within the time is taken back. */
  health: health.prefault({}),
  targets: z
    .strictObject({
      aws: awsTarget.optional(),
      hostinger: z.strictObject({ server: name, folder: absolutePath, service: unitName.optional() }).optional(),
    })
    .refine(({ aws, hostinger }) => aws !== undefined || hostinger !== undefined, 'expected aws, hostinger or both'),
  keepReleases: z.int().min(1).max(50).default(5),
  /** Secrets by reference: secret://ziggie/db#url */
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'expected the name of a variable'), z.string().max(4_096))
    .default({}),
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
  hostinger: z
    .strictObject({
      servers: z.array(server).default([]),
      /** DNS zones that agents may be let at. */
      zones: z
        .array(
          z
            .string()
            .regex(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/, 'expected a domain in lower case'),
        )
        .default([]),
    })
    .prefault({}),
  apps: z.array(app).default([]),
  costs,
  /** `serve` only: host names, besides loopback, that requests may name in Host and Origin. */
  http: z.strictObject({ allowedHosts: z.array(z.string().min(1)).default([]) }).prefault({}),
});

export type ZiggieYaml = z.output<typeof ziggieYaml>;
