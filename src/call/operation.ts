import { z } from 'zod';
import type { AccessPort } from '../ports/access.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { ComputePort } from '../ports/compute.ts';
import type { AlertsPort } from '../ports/cost-alerts.ts';
import type { ReportsPort } from '../ports/cost-reports.ts';
import type { CostsPort } from '../ports/costs.ts';
import type { DeployPort } from '../ports/deploy.ts';
import type { DnsPort } from '../ports/dns.ts';
import type { EntityType, Principal, Resolved, RetryClass, TargetMap, TargetRef, ToolEffect } from '../ports/domain.ts';
import type { FunctionsPort } from '../ports/functions.ts';
import type { MonitoringPort } from '../ports/monitoring.ts';
import type { SecretsPort } from '../ports/secrets.ts';
import type { SecurityPort } from '../ports/security.ts';
import type { Addition } from '../ports/spend.ts';
import type { SeenTarget } from '../ports/state.ts';
import type { StoragePort } from '../ports/storage.ts';
import type { VpsPort } from '../ports/vps.ts';
import { longestShortText } from './text-limit.ts';

/** Everything a handler may reach. */
export interface Ports {
  readonly compute: ComputePort;
  readonly storage: StoragePort;
  readonly functions: FunctionsPort;
  readonly secrets: SecretsPort;
  readonly monitoring: MonitoringPort;
  readonly security: SecurityPort;
  readonly dns: DnsPort;
  readonly vps: VpsPort;
  readonly deploy: DeployPort;
  readonly costs: CostsPort;
  readonly alerts: AlertsPort;
  readonly reports: ReportsPort;
  readonly access: AccessPort;
}

export interface OperationCall extends CallScope {
  readonly principal: Principal;
  /** The value of a text that refers to secrets of the target, which the road has resolved and policy has allowed. */
  secretValue(text: string): Promise<string>;
}

export type NonEmpty<T> = readonly [T, ...T[]];

export interface UntrustedPath {
  readonly path: string;
  /** Characters that are shown of each string. */
  readonly limit: number;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** An operation with its types erased: what the registry, the road and the faces handle. */
export interface Operation {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: string;
  readonly effect: ToolEffect;
  readonly retry: RetryClass;
  /** IAM actions that the operation may use on AWS. */
  readonly iam: readonly string[];
  /** IAM actions that are used under the server's own identity, because what they bring is for all agents; no agent's session has them. */
  readonly serverIam: readonly string[];
  /** Cedar entity type of its targets. */
  readonly entity: EntityType;
  /**
   * `all`: one denied target denies the call, and each reference names one. `every`: the same, and a reference may stand for several.
   * `any`: a list is decided per account, and accounts left out are named.
   */
  readonly decide: 'all' | 'every' | 'any';
  /** False for operations that exist only as a resource. */
  readonly listed: boolean;
  /** Answered even while the journal cannot be written. */
  readonly needsAudit: boolean;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** Output paths whose strings come from outside (`instances.*.name`): cleaned, capped, and named in `_meta`. */
  readonly untrusted: readonly UntrustedPath[];
  /** Output paths that hold a presigned address: its signature looks like a secret, and is what was asked for. */
  readonly presigned: readonly string[];
  /** Fields of the output that are called after secrets and hold none. */
  readonly namesOnly: readonly string[];
  /** Input paths whose strings are text for people rather than names, and need not be canonical. */
  readonly freeText: readonly string[];
  /** Input paths that hold a secret itself. */
  readonly secretInputs: readonly string[];
  /** Input paths whose strings may name a secret, to be put in its place behind the intent. */
  readonly secretReferences: readonly string[];
  /** Whether secrets that the target refers to (the environment of an application) are used, and so decided on. */
  readonly usesTargetSecrets: boolean;
  /** What is wrong with an input that fits the schema, if anything. */
  readonly check?: (input: unknown) => string | undefined;
  /** Whether a person must have approved this very call, whatever policy permits. */
  readonly approvalOnly?: (input: unknown) => boolean;
  targets(input: unknown, principal: Principal): TargetRef[];
  /** What it would make or set running that is billed from then on. */
  readonly adds?: (input: unknown, target: Resolved) => Addition | undefined;
  readonly seen?: (output: unknown) => SeenTarget[];
  readonly made?: (output: unknown) => { type: EntityType; id: string }[];
  run(ports: Ports, targets: NonEmpty<Resolved>, input: unknown, call: OperationCall): Promise<unknown>;
  inputSchema(): JsonSchema;
  outputSchema(): JsonSchema;
}

/** What a tool file declares. See `defineOperation`. */
export interface OperationDeclaration<I extends z.ZodObject, O extends z.ZodObject, E extends EntityType> {
  name: string;
  title: string;
  /** When to use it and what it costs, under 60 words. */
  description: string;
  effect: ToolEffect;
  retry: RetryClass;
  iam: string[];
  serverIam?: string[];
  input: I;
  output: O;
  entity: E;
  decide?: Operation['decide'];
  listed?: boolean;
  needsAudit?: boolean;
  usesTargetSecrets?: boolean;
  /** Whether a person must have approved this very call, whatever policy permits. */
  approvalOnly?(input: z.output<I>): boolean;
  /** What is wrong with an input that fits the schema (two fields that exclude each other), in words for the caller. */
  check?(input: z.output<I>): string | undefined;
  targets(input: z.output<I>, principal: Principal): TargetRef<E>[];
  /** What it would make or set running that is billed from then on: policy, plans and caps see its price. */
  adds?(input: z.output<I>, target: Resolved<TargetMap[E]>): Addition | undefined;
  /** What the call made, for its record. */
  made?(output: z.output<O>): { type: EntityType; id: string }[];
  /** What the caller has now seen, for completions. */
  seen?(output: z.output<O>): SeenTarget[];
  /** `any` operations get what policy allowed; others get every target, all allowed. */
  run(ports: Ports, targets: NonEmpty<Resolved<TargetMap[E]>>, input: z.output<I>, call: OperationCall): Promise<z.output<O>>;
}

const plan = z.object({
  current: z.record(z.string(), z.string()),
  change: z.record(z.string(), z.string()),
  providerChecked: z.boolean(),
  needsApproval: z.boolean().optional(),
});

/**
 * Makes an operation of a declaration: adds `dryRun` to the input and `plan` to the output of everything that changes
 * something, and memoises the JSON Schemas (draft 2020-12).
 * @param toolset folder name of the declaring file
 */
export function defineOperation<I extends z.ZodObject, O extends z.ZodObject, E extends EntityType>(
  toolset: string,
  declaration: OperationDeclaration<I, O, E>,
): Operation {
  const changes = declaration.effect !== 'read';
  const input = changes
    ? z.strictObject({ ...declaration.input.shape, dryRun: z.boolean().optional().describe('Plan only') })
    : z.strictObject(declaration.input.shape);
  const output = changes ? declaration.output.extend({ plan: plan.optional() }) : declaration.output;
  let inputJson: JsonSchema | undefined;
  let outputJson: JsonSchema | undefined;
  return {
    name: declaration.name,
    title: declaration.title,
    description: declaration.description,
    effect: declaration.effect,
    retry: declaration.retry,
    iam: declaration.iam,
    serverIam: declaration.serverIam ?? [],
    entity: declaration.entity,
    toolset,
    decide: declaration.decide ?? 'all',
    listed: declaration.listed ?? true,
    needsAudit: declaration.needsAudit ?? true,
    input,
    output,
    untrusted: markedPaths(output, 'untrusted').map(({ path, mark }) => ({ path, limit: Number(mark) })),
    presigned: pathsOf(output, 'presigned'),
    namesOnly: pathsOf(output, 'namesOnly'),
    freeText: [...pathsOf(input, 'freeText'), ...pathsOf(input, 'secretInput'), ...pathsOf(input, 'secretReference')],
    secretInputs: pathsOf(input, 'secretInput'),
    secretReferences: pathsOf(input, 'secretReference'),
    usesTargetSecrets: declaration.usesTargetSecrets ?? false,
    ...(declaration.approvalOnly ? { approvalOnly: declaration.approvalOnly as NonNullable<Operation['approvalOnly']> } : {}),
    ...(declaration.check ? { check: declaration.check as NonNullable<Operation['check']> } : {}),
    // Types are erased on purpose: the road parses with `input` before it calls either.
    targets: declaration.targets as Operation['targets'],
    ...(declaration.adds ? { adds: declaration.adds as unknown as NonNullable<Operation['adds']> } : {}),
    ...(declaration.made ? { made: declaration.made as NonNullable<Operation['made']> } : {}),
    ...(declaration.seen ? { seen: declaration.seen as NonNullable<Operation['seen']> } : {}),
    run: declaration.run as unknown as Operation['run'],
    inputSchema: () => (inputJson ??= toJsonSchema(input, 'input')),
    outputSchema: () => (outputJson ??= toJsonSchema(output, 'output')),
  };
}

/** Text that an agent writes for people (tag values, descriptions): slashes and line breaks in it are no path tricks. */
export function freeText<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), freeText: true }) as T;
}

/** A secret in the clear: bound, recorded and shown only as a keyed hash. Its name should say so too (`secretValue`). */
export function secretInput<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), secretInput: true }) as T;
}

/** Strings in here, at any depth, may be `secret://name#field` or hold `{{resolve:secretsmanager:name:SecretString:field}}`. */
export function mayReferToSecrets<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), secretReference: true }) as T;
}

/** @param limit characters that are shown of each string; the projection cleans it and the reply names its path */
export function untrusted<T extends z.ZodType>(schema: T, limit = 2_000): T {
  return schema.meta({ ...schema.meta(), untrusted: limit }) as T;
}

/** An address that carries its own permission, and is therefore left as it is. */
export function presigned<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), presigned: true }) as T;
}

/** A field called after secrets that names them and holds none: it is not masked for its name. Only at the root of an output. */
export function namesOnly<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), namesOnly: true }) as T;
}

const marks = ['untrusted', 'presigned', 'namesOnly', 'freeText', 'secretInput', 'secretReference'] as const;

/**
 * What clients are shown. It says less than the parsers check, because every token of it is paid in every conversation:
 * an output is described by its shape alone, an input keeps what helps to write a call.
 */
function toJsonSchema(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema, path }) => {
      for (const mark of marks) delete jsonSchema[mark];
      delete jsonSchema.propertyNames;
      // A refusal says it in words, to those few who need to hear it.
      delete jsonSchema.pattern;
      delete jsonSchema.minLength;
      // Policy sees a text that may be long by size and hash, and knows it by this.
      if (io === 'output' || Number(jsonSchema.maxLength) <= longestShortText) delete jsonSchema.maxLength;
      if (io === 'output') {
        delete jsonSchema.enum;
        delete jsonSchema.format;
        delete jsonSchema.required;
        if (path.at(-1) === 'missing') jsonSchema.items = { type: 'object' };
      }
      // The root of an input keeps it: agents should see that other keys are refused.
      if (jsonSchema.additionalProperties === false && (io === 'output' || path.length > 0)) delete jsonSchema.additionalProperties;
      if (io === 'output' && isEmpty(jsonSchema) && path.at(-1) !== 'additionalProperties') jsonSchema.anyOf = anyJson;
      // Some clients take no boolean or empty schema in these places; the parsers hold the rule all the same.
      if (jsonSchema.items === false) delete jsonSchema.items;
      if (isEmpty(jsonSchema.additionalProperties)) jsonSchema.additionalProperties = true;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (path.at(-1) === 'plan') {
        delete jsonSchema.properties;
        delete jsonSchema.required;
      }
    },
  });
  const { $schema: _, ...rest } = json;
  return oneTypeEach(rest) as JsonSchema;
}

/** `type` with several names is legal and not taken by every client. */
function oneTypeEach(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(oneTypeEach);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { type, ...rest } = schema as Record<string, unknown>;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, oneTypeEach(value)]));
  if (Array.isArray(type)) return { ...inner, anyOf: type.map((each) => ({ type: each })) };
  return 'type' in schema ? { type: typeof type === 'object' ? oneTypeEach(type) : type, ...inner } : inner;
}

const anyJson = ['object', 'array', 'string', 'number', 'boolean'].map((type) => ({ type }) as { type: 'object' });

function isEmpty(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0;
}

/** Paths (`instances.*.name`) of a schema that carry a mark. */
function markedPaths(schema: z.ZodType, mark: (typeof marks)[number], path: string[] = []): { path: string; mark: unknown }[] {
  const found = schema.meta()?.[mark];
  if (found) return [{ path: path.join('.'), mark: found }];
  const def = schema.def as { innerType?: z.ZodType; element?: z.ZodType; valueType?: z.ZodType };
  if (def.innerType) return markedPaths(def.innerType, mark, path);
  const each = def.element ?? def.valueType;
  if (each) return markedPaths(each, mark, [...path, '*']);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, field]) => markedPaths(field as z.ZodType, mark, [...path, key]));
}

function pathsOf(schema: z.ZodType, mark: (typeof marks)[number]): string[] {
  return markedPaths(schema, mark).map(({ path }) => path);
}
