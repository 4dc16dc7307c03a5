import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../scripts/generate.ts';
import { instructions } from '../src/mcp/instructions.ts';
import { matchResource, resources } from '../src/resources/index.ts';
import { describeOperation } from '../src/tools/catalogue.ts';
import { operations } from '../src/tools/index.ts';

/** Polices the whole registry, so that a new tool cannot leave a gap. */

const tokens = (value: unknown) => encode(JSON.stringify(value)).length;
const listed = operations.filter((operation) => operation.listed);

describe.each(operations)('$name', (operation) => {
  it('has a name, title and description that agents can use', () => {
    expect(operation.name).toMatch(/^[a-z0-9_]{1,40}$/);
    expect(operation.title.length).toBeGreaterThan(3);
    expect(operation.description.split(/\s+/).length).toBeLessThan(60);
  });

  it('says all four hints, which agree with its effect', () => {
    const { annotations } = describeOperation(operation).tool;
    expect(Object.keys(annotations ?? {}).sort()).toEqual(['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint']);
    expect(annotations?.readOnlyHint).toBe(operation.effect === 'read');
    expect(annotations?.destructiveHint).toBe(operation.effect === 'destructive');
  });

  it('describes objects at both ends, and refuses unknown keys', () => {
    expect(operation.inputSchema()).toMatchObject({ type: 'object', additionalProperties: false });
    expect(operation.outputSchema()).toMatchObject({ type: 'object' });
    expect(operation.input.safeParse({ unknownKey: 1 }).error?.issues.some(({ code }) => code === 'unrecognized_keys')).toBe(true);
  });

  it('can be tried without effect if it changes anything, and only then', () => {
    const changes = operation.effect !== 'read';
    expect('dryRun' in operation.input.shape).toBe(changes);
    expect('plan' in operation.output.shape).toBe(changes);
  });

  it('costs few tokens', () => {
    expect(tokens(describeOperation(operation).tool)).toBeLessThan(600);
  });
});

describe('the registry', () => {
  it('has no name twice, and a file for each tool', () => {
    expect(new Set(operations.map(({ name }) => name)).size).toBe(operations.length);
    const toolsets = readdirSync(join(import.meta.dirname, '../src/tools'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const files = toolsets.flatMap(({ name }) => readdirSync(join(import.meta.dirname, '../src/tools', name)));
    expect(files.length).toBe(operations.length);
  });

  it('keeps the token budgets', () => {
    const each = listed.map((operation) => tokens(describeOperation(operation).tool)).sort((a, b) => a - b);
    expect(each.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(18_000);
    expect(each[Math.floor(each.length / 2)]).toBeLessThanOrEqual(250);
    expect(tokens(instructions('agent-marcus', true))).toBeLessThan(300);
  });

  it.each(Object.entries(generatedFiles(operations)))('has its %s', (path, text) => {
    expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8'), 'stale: npm run generate').toBe(text);
  });
});

describe('resources', () => {
  it.each(resources)('$uri stands for a tool that exists and only reads', ({ tool }) => {
    expect(operations.find(({ name }) => name === tool)?.effect).toBe('read');
  });

  it.each([
    ['cloud://instances/aws/i-0123456789abcdef0', { provider: 'aws', id: 'i-0123456789abcdef0' }],
    ['cloud://instances/aws/%2e%2e', { provider: 'aws', id: '..' }],
  ])('%s gives its variables', (address, input) => {
    expect(matchResource(address)?.input).toEqual(input);
  });

  it.each(['cloud://instances/aws/a/b', 'cloud://instances/aws/', 'cloud://nothing', 'CLOUD://instances', 'cloud://instances/%ff/x', ''])(
    '%j is none',
    (address) => {
      expect(matchResource(address)).toBeUndefined();
    },
  );
});

describe('the lock file', () => {
  it('names no download addresses', () => {
    const lock = join(import.meta.dirname, '../package-lock.json');
    expect(existsSync(lock)).toBe(true);
    expect(readFileSync(lock, 'utf8')).not.toContain('"resolved"');
  });
});
