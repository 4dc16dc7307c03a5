import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { parseReference, putValues, referencesIn } from '../../src/call/secret-references.ts';
import type { Resolved, SecretTarget } from '../../src/ports/domain.ts';

const paths = ['payload'];

function secret(name: string): Resolved<SecretTarget> {
  const target: SecretTarget = {
    type: 'Secret',
    id: name,
    name,
    provider: 'aws',
    account: 'main',
    accountId: '123456789012',
    region: 'eu-north-1',
    state: 'active',
    tags: {},
  };
  return target as Resolved<SecretTarget>;
}

describe('references to secrets', () => {
  it.each([
    ['secret://ziggie/db', { name: 'ziggie/db' }],
    ['secret://ziggie/db#password', { name: 'ziggie/db', field: 'password' }],
    ['{{resolve:secretsmanager:ziggie/db}}', { name: 'ziggie/db' }],
    ['{{resolve:secretsmanager:ziggie/db:SecretString}}', { name: 'ziggie/db' }],
    ['{{resolve:secretsmanager:ziggie/db:SecretString:password}}', { name: 'ziggie/db', field: 'password' }],
    ['{{resolve:secretsmanager:ziggie/db:SecretString:password:AWSCURRENT}}', { name: 'ziggie/db', field: 'password' }],
  ])('%s is one', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
    expect(referencesIn({ payload: { deep: [text] } }, paths)).toEqual([reference]);
  });

  it.each([
    'secret://',
    'secret://ziggie/db#',
    'secret://ziggie/d b',
    'a secret://ziggie/db',
    'secret://ziggie/db#a secret://ziggie/db#b',
    'secret://arn:aws:secretsmanager:eu-north-1:123456789012:secret:x',
    '{{resolve:ssm:/ziggie/db}}',
    '{{resolve:secretsmanager:}}',
    '{{resolve:secretsmanager:ziggie/db:SecretBinary}}',
    '{{resolve:secretsmanager:ziggie/db:SecretString:password:AWSPREVIOUS}}',
    '{{resolve:secretsmanager:ziggie/db:SecretString:password:AWSCURRENT:version}}',
  ])('%s is refused, not passed on', (text) => {
    expect(() => referencesIn({ payload: text }, paths)).toThrow(CallError);
  });

  it.each(['plain', 'https://example.com', '{{name}}', 'secret', ''])('%j is only text', (text) => {
    expect(referencesIn({ payload: text }, paths)).toEqual([]);
    expect(parseReference(text)).toBeUndefined();
  });

  it('stand where they are taken, and nowhere else; in bulky text they are text', () => {
    const text = 'x {{resolve:secretsmanager:ziggie/db}}';
    expect(() => referencesIn({ name: text }, paths)).toThrow(/does not take a reference/);
    expect(referencesIn({ name: text }, paths, ['name'])).toEqual([]);
    expect(parseReference(text)).toBeUndefined();
  });

  it('are replaced one by one, inside text too, and what is not a reference stays', async () => {
    const input = {
      name: 'secret://not-here',
      payload: {
        url: 'postgres://app:{{resolve:secretsmanager:ziggie/db:SecretString:password}}@db',
        key: 'secret://ziggie/api',
        n: 1,
        list: [true, 'x'],
      },
    };
    const filled = await putValues(
      input,
      paths,
      [secret('ziggie/db'), secret('ziggie/api')],
      async ({ name }, field) => `<${name} ${field}>`,
    );
    expect(filled).toEqual({
      name: 'secret://not-here',
      payload: { url: 'postgres://app:<ziggie/db password>@db', key: '<ziggie/api undefined>', n: 1, list: [true, 'x'] },
    });
  });

  it('property: a value is put in once, as it is, whatever it looks like', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.string().filter((text) => !text.includes('{{') && !text.includes('}}')),
        async (value, around) => {
          const input = { payload: { a: `${around}{{resolve:secretsmanager:x}}${around}`, b: 'secret://x' } };
          const { payload } = await putValues(input, paths, [secret('x')], async () => value);
          expect(payload).toEqual({ a: around.startsWith('secret://') ? expect.anything() : `${around}${value}${around}`, b: value });
        },
      ),
    );
  });
});
