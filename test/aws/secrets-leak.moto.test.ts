import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliFile } from '../support/cli.ts';
import { configurationWith, isolatedEnvironment, repository, temporaryFolder } from '../support/folders.ts';
import { exampleKeys } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

/**
 * The whole server on moto, with secrets made, given, copied, changed and used; the AWS CLI says what they are. None of it may be
 * in anything that the server wrote. moto's function sends back what it was sent.
 */

const approvalForLiterals = `
@id("one-literal-needs-approval")
@advice("Ask a person.")
forbid (principal, action == Ziggie::Action::"secrets_create", resource is Ziggie::Secret)
when { context.input has secretValue && resource.name == "ziggie/leak-approval" }
unless { context.system has approval };
`;

let moto: Moto;
const state = temporaryFolder();
const keys = { AWS_ACCESS_KEY_ID: exampleKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: exampleKeys.secretAccessKey };
const values = new Set<string>();
const replies: string[] = [];
let stderr = '';
let shipped = '';

function literal(): string {
  const value = `${randomBytes(15).toString('base64')}"/\\+é`;
  values.add(value);
  return value;
}

async function aws(...args: string[]): Promise<string> {
  const child = spawn('aws', [...args, '--endpoint-url', moto.endpoint, '--region', 'eu-north-1', '--output', 'json'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...keys },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('the AWS CLI was not found or failed: pip install awscli');
  return stdout;
}

/** What a secret holds, its members included, as the AWS CLI reads it. */
async function note(name: string): Promise<string> {
  const { SecretString } = JSON.parse(await aws('secretsmanager', 'get-secret-value', '--secret-id', name)) as { SecretString: string };
  values.add(SecretString);
  if (SecretString.startsWith('{')) for (const member of Object.values(JSON.parse(SecretString) as object)) values.add(String(member));
  return SecretString;
}

/** Every form in which a value may travel, the three alignments of base64 by what they have for certain. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const aligned = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    return text.slice(Math.ceil((offset * 4) / 3) + (offset === 0 ? 0 : 1), -2);
  });
  const json = JSON.stringify(value).slice(1, -1);
  return [value, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(value), bytes.toString('hex'), ...aligned].flatMap((form) => [
    form,
    form.replaceAll('+', '-').replaceAll('/', '_'),
  ]);
}

function leaksIn(where: string, text: string): string[] {
  return [...values].flatMap((value) => formsOf(value).flatMap((form, index) => (text.includes(form) ? [`${where}: form ${index}`] : [])));
}

async function makeEcho(): Promise<void> {
  await fetch(`${moto.endpoint}/moto-api/config`, { method: 'POST', body: JSON.stringify({ lambda: { use_docker: false } }) });
  const config = { endpoint: moto.endpoint, region: 'eu-north-1', credentials: exampleKeys };
  const { Role } = await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'echo', AssumeRolePolicyDocument: '{}' }));
  const Code = { ZipFile: Buffer.from('no code is run here') };
  const Runtime = 'nodejs22.x';
  await new LambdaClient(config).send(
    new CreateFunctionCommand({ FunctionName: 'ziggie-echo', Role: Role?.Arn, Runtime, Handler: 'index.handler', Code }),
  );
}

beforeAll(async () => {
  moto = await startMoto();
  await makeEcho();
  const config = configurationWith(approvalForLiterals);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [cliFile, 'stdio', '--agent', 'ziggie', '--config', config],
    env: isolatedEnvironment(state, { ...keys, AWS_ENDPOINT_URL: moto.endpoint }),
    cwd: repository,
    stderr: 'pipe',
  });
  const client = new Client({ name: 'leak-test', version: '1' });
  transport.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  await client.connect(transport);
  const call = async (name: string, args: Record<string, unknown>, expected: 'ok' | string) => {
    const reply = await client.callTool({ name, arguments: args });
    const text = JSON.stringify(reply);
    replies.push(text);
    if (expected === 'ok') expect(reply.isError ?? false, text).toBe(false);
    else expect(text).toContain(expected);
    return text;
  };

  await call('secrets_create', { name: 'ziggie/leak-generated', generate: {} }, 'ok');
  await note('ziggie/leak-generated');
  const [password, nested] = [literal(), literal()];
  const json = JSON.stringify({ username: 'ziggie-leak-user', password, nested: { deep: nested } });
  values.add(json);
  await call('secrets_create', { name: 'ziggie/leak-json', secretValue: json }, 'ok');
  expect(await note('ziggie/leak-json')).toBe(json);
  await call('secrets_create', { name: 'ziggie/leak-copy', fromSecret: 'secret://ziggie/leak-json#password', field: 'copied' }, 'ok');
  expect(JSON.parse(await note('ziggie/leak-copy'))).toEqual({ copied: password });

  await call('secrets_update', { name: 'ziggie/leak-generated', generate: { length: 64, punctuation: false } }, 'ok');
  await note('ziggie/leak-generated');
  await call('secrets_update', { name: 'ziggie/leak-json', secretValue: literal(), field: 'password' }, 'ok');
  await note('ziggie/leak-json');
  await call(
    'secrets_update',
    { name: 'ziggie/leak-copy', fromSecret: '{{resolve:secretsmanager:ziggie/leak-generated:SecretString}}', field: 'second' },
    'ok',
  );
  await note('ziggie/leak-copy');

  const echoed = await call(
    'functions_invoke',
    {
      name: 'ziggie-echo',
      payload: {
        whole: 'secret://ziggie/leak-json',
        member: 'secret://ziggie/leak-json#password',
        inside: 'postgres://ziggie:{{resolve:secretsmanager:ziggie/leak-json:SecretString:password}}@db.internal/ziggie',
        list: ['secret://ziggie/leak-generated', { note: 'secret://ziggie/leak-copy#copied' }],
      },
    },
    'ok',
  );
  // It did come back, and was masked on the way.
  expect(echoed).toContain('[redacted]');
  expect(echoed).toContain('db.internal');

  await call('secrets_create', { name: 'ziggie/leak-json', secretValue: literal() }, 'ResourceExistsException');
  await call('secrets_create', { name: 'ziggie/leak-approval', secretValue: literal() }, 'approval_required');
  await call('secrets_create', { name: 'ziggie/leak-two', secretValue: literal(), generate: {} }, 'invalid_input');
  await call('secrets_create', { name: 'ziggie/leak bad name', secretValue: literal() }, 'invalid_input');
  await call('secrets_create', { name: 'ziggie/leak-dry', secretValue: literal(), dryRun: true }, 'ok');
  await call('functions_invoke', { name: 'ziggie-echo', payload: { a: 'secret://ziggie/leak-json#nosuch' } }, 'target_unresolved');
  await call('secrets_update', { name: 'ziggie/leak-generated', secretValue: literal(), field: 'a' }, 'provider_conflict');
  for (const [tool, args] of [
    ['secrets_list', {}],
    ['secrets_describe', { name: 'ziggie/leak-json' }],
    ['audit_search', { limit: 50 }],
  ] as const) {
    await call(tool, args, 'ok');
  }
  await client.close();
  shipped = await aws('logs', 'filter-log-events', '--log-group-name', '/ziggie/infrastructure-audit');
}, 120_000);
afterAll(() => moto?.close());

describe('no value of a secret', () => {
  it('would be overlooked in any of its forms', () => {
    for (const value of values) {
      const bytes = Buffer.from(value);
      for (const before of ['', 'a', 'bc']) {
        const text = Buffer.concat([Buffer.from(before), bytes, Buffer.from('xyz')]).toString('base64');
        expect(leaksIn('planted', text).length).toBeGreaterThan(0);
      }
      for (const planted of [value, JSON.stringify({ value }), encodeURIComponent(value), bytes.toString('hex')]) {
        expect(leaksIn('planted', planted).length).toBeGreaterThan(0);
      }
    }
    expect(values.size).toBeGreaterThan(12);
  });

  it('is in a reply', () => {
    expect(replies.length).toBeGreaterThan(15);
    expect(leaksIn('replies', replies.join('\n'))).toEqual([]);
  });

  it('is in the log', () => {
    expect(leaksIn('stderr', stderr)).toEqual([]);
  });

  it('is in a file of the state folder: journal, database, caches', () => {
    const files = globSync('**/*', { cwd: state }).filter((file) => statSync(join(state, file)).isFile());
    expect(files.some((file) => file.includes('audit'))).toBe(true);
    expect(files.some((file) => file.endsWith('state.sqlite'))).toBe(true);
    expect(files.flatMap((file) => leaksIn(file, readFileSync(join(state, file), 'latin1')))).toEqual([]);
    expect(files.flatMap((file) => leaksIn(file, readFileSync(join(state, file), 'utf8')))).toEqual([]);
  });

  it('is in the record that CloudWatch got', () => {
    expect(shipped).toContain('secrets_create');
    expect(leaksIn('CloudWatch', shipped)).toEqual([]);
  });
});
