import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { awsEnvironment, connectAgent, ec2, knowSpend, launch, makeBucketAndFunction, region, run } from './world.ts';

/** What an agent is given AWS for, from end to end: real clients, the built server with a role for agents, moto, and the AWS CLI. */

let moto: Moto;
let proxy: FaultProxy;
let environment: Record<string, string>;
let tagged: string;
let untagged: string;
const workspace = join(temporaryFolder(), 'workspace');
const content = 'body { color: #123456 }\n'.repeat(2_000);

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto.endpoint);
  const config = configurationWith();
  const yaml = join(config, 'ziggie.yaml');
  const text = readFileSync(yaml, 'utf8').replace(
    '- name: main',
    '- name: main\n      role: arn:aws:iam::123456789012:role/ZiggieAgentRole',
  );
  writeFileSync(yaml, `${text}\nstorage:\n  workspace: ${workspace}\n`);
  environment = { ...awsEnvironment(temporaryFolder(), proxy.endpoint), ZIGGIE_CONFIG: config };
  mkdirSync(workspace);
  await knowSpend(environment);
  writeFileSync(join(workspace, 'site.css'), content);
  const client = ec2(moto.endpoint);
  tagged = await launch(client, { Project: 'Ziggie', Name: 'web-1' });
  untagged = await launch(client, {});
  await makeBucketAndFunction(moto.endpoint);
});
afterAll(async () => {
  await proxy?.close();
  await moto?.close();
});

/** The AWS CLI as the second reader, past our proxy. */
async function aws(...args: string[]): Promise<string> {
  const child = spawn('aws', [...args, '--endpoint-url', moto.endpoint, '--region', region], { env: environment });
  const [output, errors] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`aws ${args.join(' ')}: ${Buffer.concat(errors)}`);
  return Buffer.concat(output).toString();
}

const arrived = (pattern: RegExp) => proxy.arrived.filter((name) => pattern.test(name)).length;

describe('the final checks', () => {
  it('an instance is stopped and started; an untagged one is not, and EC2 does not hear of it', async () => {
    const marcus = await connectAgent('marcus', environment);
    expect((await marcus.call('instances_stop', { provider: 'aws', id: tagged })).body).toMatchObject({ state: 'stopped' });
    expect((await marcus.call('instances_start', { provider: 'aws', id: tagged })).body).toMatchObject({ state: 'running' });
    expect((await marcus.call('instances_stop', { provider: 'aws', id: untagged })).body).toMatchObject({
      code: 'policy_denied',
      effect: 'none',
    });
    expect(arrived(/^ec2 StopInstances$/)).toBe(1);
    await marcus.close();
  });

  it('a file is uploaded and downloaded, and the AWS CLI reads the same bytes', async () => {
    const chen = await connectAgent('chen', environment);
    const place = { bucket: 'ziggie-deployments', key: 'web/site.css' };
    const put = await chen.call('storage_put_object', { ...place, file: 'site.css', ifAbsent: true });
    expect(put.body, JSON.stringify(put.body)).toMatchObject({ sizeBytes: content.length, replaced: false });
    let text = '';
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { body } = await chen.call('storage_get_object', { ...place, from });
      text += body.text;
      from = body.nextFrom;
    }
    expect(text).toBe(content);
    const copy = join(temporaryFolder(), 'copy');
    await aws('s3api', 'get-object', '--bucket', place.bucket, '--key', place.key, copy);
    expect(readFileSync(copy, 'utf8')).toBe(content);
    expect((await chen.call('storage_put_object', { ...place, bucket: 'other', text: 'x' })).body.code).toMatch(
      /policy_denied|target_unresolved/,
    );
    await chen.close();
  });

  it('a secret is made and used in a function, and shown to nobody', async () => {
    const marcus = await connectAgent('marcus', environment);
    expect(await marcus.call('secrets_create', { name: 'ziggie/db', generate: {}, field: 'password' })).toMatchObject({ ok: true });
    const { password } = JSON.parse(JSON.parse(await aws('secretsmanager', 'get-secret-value', '--secret-id', 'ziggie/db')).SecretString);
    expect(password).toHaveLength(32);
    // moto's function answers with what it was sent.
    const used = await marcus.call('functions_invoke', {
      name: 'ziggie-report',
      payload: { key: 'secret://ziggie/db#password', day: 'monday' },
    });
    expect(used.body, JSON.stringify(used.body)).toMatchObject({ outcome: 'succeeded' });
    expect(JSON.stringify(used.body)).toContain('monday');
    expect(JSON.stringify(used.body)).not.toContain(JSON.stringify(password).slice(1, -1));
    const foreign = await marcus.call('functions_invoke', { name: 'ziggie-report', payload: { key: 'secret://payroll/db' } });
    expect(foreign.body).toMatchObject({ code: 'target_unresolved', effect: 'none' });
    await marcus.close();
  });

  it('everything of an agent ran in a session of its own', async () => {
    const roles = proxy.forms.filter((form) => form.get('Action') === 'AssumeRole');
    expect(new Set(roles.map((form) => form.get('SourceIdentity')))).toEqual(new Set(['agent-marcus', 'agent-chen']));
    for (const form of roles) {
      expect(form.get('RoleSessionName')).toBe(form.get('SourceIdentity'));
      expect(form.get('Policy')?.length).toBeLessThanOrEqual(2_048);
      const patterns: string[] = JSON.parse(form.get('Policy') ?? '{}').Statement.flatMap(({ Action }: { Action: string[] }) => Action);
      const has = (action: string) => patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action));
      // Both deploy, and so write objects; Marcus alone runs instances, and no application of the starter is a function.
      expect(has('s3:PutObject')).toBe(true);
      expect(has('ec2:StopInstances')).toBe(form.get('SourceIdentity') === 'agent-marcus');
      expect(has('lambda:UpdateFunctionCode')).toBe(false);
    }
  });
});

describe('what the registry carries along', () => {
  it('the fleet has a dashboard, which follows it', async () => {
    const ziggie = await connectAgent('ziggie', environment);
    const made = await ziggie.call('monitoring_put_dashboard');
    expect(made.body, JSON.stringify(made.body)).toMatchObject({ changed: true, instances: 1 });
    const launched = await ziggie.call('instances_launch', {
      provider: 'aws',
      region,
      name: 'web-2',
      instanceType: 't3.micro',
      image: 'ami-12c6146b',
    });
    expect(launched.ok, JSON.stringify(launched.body)).toBe(true);
    await until('the dashboard to show the new instance', async () =>
      (await aws('cloudwatch', 'get-dashboard', '--dashboard-name', 'ziggie-fleet')).includes(launched.body.id),
    );
    await ziggie.close();
  });

  it('an alarm is one argument', async () => {
    const ziggie = await connectAgent('ziggie', environment);
    expect((await ziggie.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' })).ok).toBe(true);
    expect(await aws('cloudwatch', 'describe-alarms', '--alarm-names', 'ziggie-ec2-high-cpu')).toContain('"Threshold": 80.0');
    await ziggie.close();
  });

  it('health says how each service answers', async () => {
    const marcus = await connectAgent('marcus', environment);
    const services = async () => {
      const { body } = await marcus.call('health_check');
      return body.checks.find(({ name }: { name: string }) => name === 'aws main services');
    };
    expect(await services()).toMatchObject({ status: 'ok', detail: expect.stringMatching(/ec2 \d+ ms.*s3 \d+ ms.*lambda \d+ ms/) });
    proxy.plan = (_index, service) => (service === 's3' ? 'fail' : undefined);
    expect(await services()).toMatchObject({ status: 'degraded', detail: expect.stringContaining('s3 provider_unavailable') });
    proxy.plan = () => undefined;
    await marcus.close();
  });
});

describe('bad input', () => {
  const bad: [string, string, object, string, RegExp][] = [
    ['a bucket that does not exist', 'storage_list_objects', { bucket: 'ziggie-nothing' }, 'target_unresolved', /storage_list_buckets/],
    [
      'an object that does not exist',
      'storage_get_object',
      { bucket: 'ziggie-deployments', key: 'nothing' },
      'target_unresolved',
      /storage_list_objects/,
    ],
    ['a function that does not exist', 'functions_get', { name: 'ziggie-nothing' }, 'target_unresolved', /functions_list/],
    ['a secret that does not exist', 'secrets_describe', { name: 'ziggie/nothing' }, 'target_unresolved', /secrets_list/],
    ['a name that is taken', 'secrets_create', { name: 'ziggie/taken', generate: {} }, 'provider_conflict', /secrets_update/],
    ['a binary as text', 'storage_get_object', { bucket: 'ziggie-deployments', key: 'logo.png', as: 'text' }, 'invalid_input', /link/],
    [
      'an object beyond the cap',
      'storage_get_object',
      { bucket: 'ziggie-deployments', key: 'logo.png', maxBytes: 1_000_000 },
      'invalid_input',
      /maxBytes/,
    ],
    ['a group that does not exist', 'logs_query', { group: '/nothing', pattern: 'x' }, 'target_unresolved', /group/],
    [
      'an alarm on a metric that never reported',
      'monitoring_put_alarm',
      { name: 'odd', namespace: 'Odd', metric: 'Nothing', threshold: 1, comparison: '>' },
      'target_unresolved',
      /allowSilent/,
    ],
    ['a secret scheduled for deletion', 'secrets_update', { name: 'ziggie/gone', generate: {} }, 'provider_conflict', /secrets_restore/],
  ];

  it('each has its own code, message and remedy, and changes nothing', async () => {
    const ziggie = await connectAgent('ziggie', environment);
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('base64');
    expect((await ziggie.call('storage_put_object', { bucket: 'ziggie-deployments', key: 'logo.png', base64: png })).ok).toBe(true);
    for (const name of ['ziggie/taken', 'ziggie/gone']) expect((await ziggie.call('secrets_create', { name, generate: {} })).ok).toBe(true);
    await aws('secretsmanager', 'delete-secret', '--secret-id', 'ziggie/gone');
    const messages = new Set<string>();
    for (const [what, tool, input, code, remedy] of bad) {
      const { body } = await ziggie.call(tool, input);
      expect(body, `${what}: ${JSON.stringify(body)}`).toMatchObject({ code, effect: 'none' });
      expect(`${body.message} ${body.remedy}`, what).toMatch(remedy);
      messages.add(body.message);
    }
    expect(messages.size).toBe(bad.length);
    await ziggie.close();
  });

  it('all of it is on record', async () => {
    expect((await run(['audit', 'verify'], environment)).code).toBe(0);
  });
});
