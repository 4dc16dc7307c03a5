import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Operation } from '../../src/call/operation.ts';
import { compilePolicies } from '../../src/policy/check.ts';
import { createEngine, type Engine } from '../../src/policy/engine.ts';
import { sampleTarget } from '../../src/policy/entities.ts';
import { translatorFor, Untranslatable } from '../../src/policy/input-types.ts';
import { buildSchema } from '../../src/policy/schema.ts';
import { known, marcus, open, operation, permitAll, policy } from './fixtures.ts';

const jsonOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>;
const translator = (schema: z.ZodType) => translatorFor(jsonOf(schema));

describe('the Cedar type of an input', () => {
  it.each([
    ['string', z.string(), { type: 'String' }],
    ['enum', z.enum(['a', 'b']), { type: 'String' }],
    ['literal', z.literal('a'), { type: 'String' }],
    ['short text', z.string().max(4096), { type: 'String' }],
    ['integer', z.int().min(1).max(9), { type: 'Long' }],
    ['number', z.number(), { type: 'Extension', name: 'decimal' }],
    ['boolean', z.boolean(), { type: 'Boolean' }],
    ['list', z.array(z.string()), { type: 'Set', element: { type: 'String' } }],
    ['list of numbers', z.array(z.int()), { type: 'Set', element: { type: 'Long' } }],
  ])('of a %s', (_, schema, type) => expect(translator(schema).type).toEqual(type));

  it('of an object has optional fields only where none is filled in', () => {
    const schema = z.strictObject({ a: z.string(), b: z.int().default(3), c: z.boolean().optional() });
    expect(translator(schema).type).toEqual({
      type: 'Record',
      attributes: {
        a: { type: 'String', required: true },
        b: { type: 'Long', required: true },
        c: { type: 'Boolean', required: false },
      },
    });
  });

  it('of a map is a set of pairs, whatever the keys are called', () => {
    const map = translator(z.record(z.string(), z.string()));
    expect(map.type).toMatchObject({ type: 'Set', element: { attributes: { key: { type: 'String' }, value: { type: 'String' } } } });
    expect(map.toCedar(JSON.parse('{"__entity":"x","__proto__":"y"}'))).toEqual([
      { key: '__entity', value: 'x' },
      { key: '__proto__', value: 'y' },
    ]);
  });

  it.each([
    ['bulky text', z.string().max(4097), 'é'.repeat(3), 6],
    ['a free-form object', z.record(z.string(), z.unknown()), { b: 1, a: [null] }, 18],
    ['a union', z.union([z.string(), z.int()]), 7, 1],
    ['anything', z.unknown(), null, 4],
    ['a map of objects', z.record(z.string(), z.strictObject({ a: z.int() })), { x: { a: 1 } }, 13],
    ['a list of anything', z.array(z.unknown()), ['ab'], 6],
    ['a loose object', z.looseObject({ a: z.int() }), { a: 1, b: 2 }, 13],
  ])('of %s is its size and hash', (_, schema, value, size) => {
    expect(translator(schema).toCedar(value)).toEqual({ size, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('hashes equal objects alike and others not', () => {
    const { toCedar } = translator(z.record(z.string(), z.unknown()));
    expect(toCedar({ a: 1, b: 2 })).toEqual(toCedar({ b: 2, a: 1 }));
    expect(toCedar({ a: 1 })).not.toEqual(toCedar({ a: 2 }));
  });
});

describe('a value without an exact form', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['a fraction beyond four digits', z.number(), 0.00001],
    ['a number beyond the range', z.number(), 1e15],
    ['infinity', z.number(), Number.POSITIVE_INFINITY],
    ['not a number', z.number(), Number.NaN],
    ['an integer that doubles cannot tell from its neighbour', z.int(), 2 ** 53],
    ['a fraction for an integer', z.int(), 1.5],
    ['a lone surrogate', z.string(), 'a\ud800'],
    ['a lone surrogate as a key', z.record(z.string(), z.string()), { '\udc00': 'x' }],
    ['a lone surrogate in bulky text', z.string().max(10_000), '\ud800'],
    ['a lone surrogate in a free-form object', z.record(z.string(), z.unknown()), { a: '\ud800' }],
    ['a BigInt in a free-form object', z.record(z.string(), z.unknown()), { a: 10n }],
    ['a field that the schema does not declare', z.strictObject({ a: z.int() }), { a: 1, b: 2 }],
    ['the wrong type', z.boolean(), 'true'],
    ['null', z.string(), null],
  ])('is refused: %s', (_, schema, value) => expect(() => translator(schema).toCedar(value)).toThrow(Untranslatable));
});

describe('decimals', () => {
  it('are exact or refused', () => {
    const { toCedar } = translator(z.number());
    expect(toCedar(12.5)).toEqual({ __extn: { fn: 'decimal', arg: '12.5000' } });
    fc.assert(
      fc.property(fc.double(), (value) => {
        try {
          const { __extn } = toCedar(value) as { __extn: { arg: string } };
          expect(Number(__extn.arg)).toBe(value === 0 ? Number(__extn.arg) : value);
        } catch (error) {
          expect(error).toBeInstanceOf(Untranslatable);
        }
      }),
    );
  });
});

/** Every kind of field at once, so that random inputs meet every rule. */
const everything = z.strictObject({
  text: z.string(),
  choice: z.enum(['x', 'y']),
  bulky: z.string().max(100_000),
  whole: z.int(),
  number: z.number(),
  flag: z.boolean().optional(),
  list: z.array(z.string()).default([]),
  counts: z.array(z.int()).optional(),
  tags: z.record(z.string(), z.string()).default({}),
  prices: z.record(z.string(), z.number()).optional(),
  nested: z.strictObject({ name: z.string(), depth: z.int().optional() }).optional(),
  rows: z.array(z.strictObject({ name: z.string() })).optional(),
  free: z.record(z.string(), z.unknown()).optional(),
  either: z.union([z.string(), z.int()]).optional(),
});
const anyOperation: Operation = operation('fixtures_try', 'write', 'System', everything);

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('__entity', '__extn', '__proto__', '\ud800', 'a\u0000b'),
);
const anyWhole = fc.maxSafeInteger();
const anyNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer().map((n) => n / 100),
);
const anyInput = fc.record(
  {
    text: anyText,
    choice: fc.constantFrom('x', 'y'),
    bulky: anyText,
    whole: anyWhole,
    number: anyNumber,
    flag: fc.boolean(),
    list: fc.array(anyText),
    counts: fc.array(anyWhole),
    tags: fc.dictionary(anyText, anyText),
    prices: fc.dictionary(anyText, anyNumber),
    nested: fc.record({ name: anyText, depth: anyWhole }, { requiredKeys: ['name'] }),
    rows: fc.array(fc.record({ name: anyText })),
    free: fc.dictionary(anyText, fc.jsonValue()),
    either: fc.oneof(anyText, anyWhole),
  },
  { requiredKeys: ['text', 'choice', 'bulky', 'whole', 'number'] },
);

describe('any input that the tool accepts', () => {
  const schema = buildSchema([anyOperation]);
  const refusals: string[] = [];
  let engine: Engine;

  beforeAll(() => {
    const policies = compilePolicies(cedar, schema, [{ file: 'policy.cedar', text: permitAll }], known);
    engine = createEngine(cedar, schema, policies, { warn: (facts) => refusals.push((facts as { reason: string }).reason) });
    return () => engine.close();
  });

  it('validates against the generated schema, or is denied because it has no exact form; nothing throws', () => {
    const target = sampleTarget('System');
    const system = { dryRun: false, sandbox: false };
    fc.assert(
      fc.property(anyInput, (candidate) => {
        const parsed = everything.safeParse(candidate);
        fc.pre(parsed.success);
        const input = parsed.data as Record<string, unknown>;
        let exact = true;
        try {
          translatorFor(anyOperation.inputSchema()).toCedar(input);
        } catch (error) {
          expect(error).toBeInstanceOf(Untranslatable);
          exact = false;
        }
        expect(engine.decide({ principal: marcus, tool: 'fixtures_try', target, input, system }).allow).toBe(exact);
      }),
      { numRuns: 300 },
    );
  });

  it('meets the declared types: the smallest and the fullest sample are allowed', () => {
    const { sample } = translatorFor(anyOperation.inputSchema());
    for (const full of [false, true]) {
      const input = sample(full) as Record<string, unknown>;
      const answer = engine.decide({
        principal: marcus,
        tool: 'fixtures_try',
        target: sampleTarget('System'),
        input,
        system: { dryRun: false, sandbox: false },
      });
      expect(answer, refusals.at(-1)).toMatchObject({ allow: true });
    }
  });
});

describe('policies on inputs', () => {
  it('see numbers, sets and maps as what they are', async () => {
    const text = policy(
      'small',
      'permit(principal, action == Ziggie::Action::"fixtures_try", resource) when { context.input.number.lessThan(decimal("10.5")) && context.input.whole <= 3 && context.input.list.contains("a") && context.input.tags.contains({key: "k", value: "v"}) && context.input.bulky.size < 4 };',
    );
    const { policy: opened } = await open(text, { operations: [anyOperation] });
    const ask = (changes: object) =>
      opened.decide({
        principal: marcus,
        tool: 'fixtures_try',
        target: sampleTarget('System'),
        input: { text: '', choice: 'x', bulky: 'abc', whole: 3, number: 10.4999, list: ['b', 'a'], tags: { k: 'v' }, ...changes },
        system: { dryRun: false, sandbox: false },
      });
    expect((await ask({})).allow).toBe(true);
    for (const change of [{ number: 10.5 }, { whole: 4 }, { list: ['b'] }, { tags: { k: 'w' } }, { bulky: 'abcd' }])
      expect((await ask(change)).allow, JSON.stringify(change)).toBe(false);
  });
});
