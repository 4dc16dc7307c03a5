/**
 * Invariant: what Cedar is told of an input is what the tool will act on. A value without an exact Cedar form is
 * refused (`Untranslatable`, which becomes a deny), never rounded, cut or left out.
 *
 * JSON Schema → Cedar: string, enum → String · integer → Long · number → decimal · boolean → Bool · array → Set ·
 * object with declared fields → Record · map of scalars → Set<{key, value}> · text longer than 4096 characters by
 * schema, and everything that has no Cedar type (free-form objects, unions) → {size: Long, sha256: String}.
 */
import { createHash } from 'node:crypto';
import type { CedarValueJson, Type } from '@cedar-policy/cedar-wasm/nodejs';
import canonicalize from 'canonicalize';
import type { JsonSchema } from '../call/operation.ts';
import { longestShortText } from '../call/text-limit.ts';

/** The value has no exact form in Cedar. */
export class Untranslatable extends Error {}

export interface Translator {
  readonly type: Type<string>;
  /** Throws `Untranslatable`. */
  toCedar(value: unknown): CedarValueJson;
  /** A small value of this type; with `full`, optional fields are filled too. */
  sample(full: boolean): unknown;
}

/** Cedar's decimal is a 64-bit integer of ten-thousandths; doubles beyond this are coarser than that anyway. */
const largestDecimal = 922_337_203_685_477;

/** Compiles one JSON Schema (draft 2020-12, as zod writes it). Never throws: what it does not know goes by size and hash. */
export function translatorFor(schema: JsonSchema): Translator {
  return compile(schema) ?? byHash(schema);
}

/** Whether the field is always there after parsing: required, or filled by a default. */
export function alwaysPresent(schema: JsonSchema, name: string): boolean {
  const required = Array.isArray(schema.required) && schema.required.includes(name);
  return required || 'default' in (propertiesOf(schema)[name] ?? {});
}

function compile(schema: JsonSchema): Translator | undefined {
  const choices = 'const' in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : undefined;
  const first = schema.default ?? choices?.[0];
  if (schema.type === 'string' || choices?.every((choice) => typeof choice === 'string')) {
    if (typeof schema.maxLength === 'number' && schema.maxLength > longestShortText) return undefined;
    return { type: { type: 'String' }, toCedar: toText, sample: () => first ?? 'sample' };
  }
  if (schema.type === 'integer') return { type: { type: 'Long' }, toCedar: toLong, sample: () => first ?? numberFloor(schema) };
  if (schema.type === 'number')
    return { type: { type: 'Extension', name: 'decimal' }, toCedar: toDecimal, sample: () => first ?? numberFloor(schema) };
  if (schema.type === 'boolean') return { type: { type: 'Boolean' }, toCedar: toBool, sample: () => first ?? false };
  if (schema.type === 'array') return compileArray(schema);
  if (schema.type === 'object') return compileObject(schema);
  return undefined;
}

function compileArray(schema: JsonSchema): Translator | undefined {
  const element = isSchema(schema.items) && !schema.prefixItems ? compile(schema.items) : undefined;
  if (!element) return undefined;
  return {
    type: { type: 'Set', element: element.type },
    toCedar: (value) => {
      if (!Array.isArray(value)) throw new Untranslatable('expected a list');
      return value.map((item) => element.toCedar(item));
    },
    sample: (full) => schema.default ?? (full ? [element.sample(full)] : []),
  };
}

function compileObject(schema: JsonSchema): Translator | undefined {
  const properties = propertiesOf(schema);
  if (isSchema(schema.additionalProperties)) return Object.keys(properties).length === 0 ? compileMap(schema) : undefined;
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) return undefined;
  const fields = Object.entries(properties).map(([name, field]) => ({
    name,
    required: alwaysPresent(schema, name),
    translator: translatorFor(field),
  }));
  const names = new Set(fields.map(({ name }) => name));
  return {
    type: {
      type: 'Record',
      attributes: Object.fromEntries(fields.map(({ name, required, translator }) => [name, { ...translator.type, required }])),
    },
    toCedar: (value) => {
      const input = plainObject(value);
      const unknown = Object.keys(input).find((key) => !names.has(key));
      if (unknown !== undefined) throw new Untranslatable(`unknown field "${unknown}"`);
      const given = fields.filter(({ name }) => Object.hasOwn(input, name) && input[name] !== undefined);
      return Object.fromEntries(given.map(({ name, translator }) => [name, translator.toCedar(input[name])]));
    },
    sample: (full) =>
      schema.default ??
      Object.fromEntries(fields.filter(({ required }) => full || required).map(({ name, translator }) => [name, translator.sample(full)])),
  };
}

/** Cedar has no maps, and a key that an agent chose must never become a key of the context. */
function compileMap(schema: JsonSchema): Translator | undefined {
  const value = isSchema(schema.additionalProperties) ? compile(schema.additionalProperties) : undefined;
  if (!value || ['Set', 'Record'].includes('type' in value.type ? String(value.type.type) : '')) return undefined;
  return {
    type: {
      type: 'Set',
      element: { type: 'Record', attributes: { key: { type: 'String', required: true }, value: { ...value.type, required: true } } },
    },
    toCedar: (map) => Object.entries(plainObject(map)).map(([key, item]) => ({ key: toText(key), value: value.toCedar(item) })),
    sample: (full) => schema.default ?? (full ? { sample: value.sample(full) } : {}),
  };
}

/** Size in bytes and SHA-256 of the text's UTF-8, or of the value's canonical JSON (RFC 8785). */
function byHash(schema: JsonSchema): Translator {
  const size: Type<string> & { required: boolean } = { type: 'Long', required: true };
  return {
    type: { type: 'Record', attributes: { size, sha256: { type: 'String', required: true } } },
    toCedar: (value) => {
      const text = typeof value === 'string' && schema.type === 'string' ? toText(value) : canonicalText(value);
      return { size: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
    },
    sample: () => schema.default ?? (schema.type === 'string' ? 'sample' : {}),
  };
}

/** Refuses lone surrogates: they make Cedar throw, and two different ones have the same UTF-8. */
function toText(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw new Untranslatable('expected well-formed text');
  return value;
}

function toLong(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Untranslatable('expected a whole number');
  return value as number;
}

function toBool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Untranslatable('expected true or false');
  return value;
}

function toDecimal(value: unknown): CedarValueJson {
  if (typeof value !== 'number' || !(Math.abs(value) <= largestDecimal)) throw new Untranslatable('number out of range');
  const digits = value.toFixed(4);
  if (Number(digits) !== value) throw new Untranslatable('more than four decimal places');
  return { __extn: { fn: 'decimal', arg: digits } };
}

function canonicalText(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new Untranslatable('value has no canonical JSON', { cause });
  }
  if (text === undefined) throw new Untranslatable('value has no canonical JSON');
  return toText(text);
}

function numberFloor(schema: JsonSchema): number {
  return typeof schema.minimum === 'number' ? Math.ceil(schema.minimum) : 1;
}

function plainObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Untranslatable('expected an object');
  return value as Record<string, unknown>;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return isSchema(schema.properties) ? (schema.properties as Record<string, JsonSchema>) : {};
}
