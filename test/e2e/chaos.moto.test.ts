import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallError } from '../../src/call/errors.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { exampleKeys, instanceOf, newAws, newCall } from '../aws/harness.ts';
import { type Moto, startMoto } from '../aws/moto.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { badDay, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import {
  type AgentClient,
  awsEnvironment,
  connectAgent,
  ec2,
  knowSpend,
  launch,
  makeBucketAndFunction,
  names,
  type Reply,
  readCloudWatch,
  region,
  run,
} from './world.ts';

/** A thousand calls at once by three agents, on a day on which AWS throttles one request in twenty and drops one in a hundred. */

const total = 1_000;
let moto: Moto;
let proxy: FaultProxy;
let environment: Record<string, string>;
let running: string[];
let agents: readonly AgentClient[];

interface Sent {
  readonly tool: string;
  /** What it makes, if it makes something of its own. */
  readonly mark?: string;
  readonly reply: Reply;
}
let sent: Sent[];
const made = { instances: [] as string[], objects: [] as string[], secrets: [] as string[] };

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto.endpoint);
  const config = configurationWith();
  const yaml = join(config, 'ziggie.yaml');
  // A hundred launches are to fail for nothing but bad luck.
  const text = readFileSync(yaml, 'utf8')
    .replace('callsAtOnce: 16', 'callsAtOnce: 1000')
    .replace("amount: '100.00'", "amount: '100000.00'");
  writeFileSync(yaml, text);
  environment = { ...awsEnvironment(temporaryFolder(), proxy.endpoint), ZIGGIE_CONFIG: config };
  await knowSpend(environment);
  const client = ec2(moto.endpoint);
  running = [];
  for (let index = 0; index < 10; index += 1) running.push(await launch(client, { Project: 'Ziggie', Name: `fleet-${index}` }));
  await makeBucketAndFunction(moto.endpoint);

  agents = await Promise.all(['marcus', 'chen', 'ziggie'].map((agent) => connectAgent(agent, environment)));
  proxy.plan = badDay;
  sent = await Promise.all(Array.from({ length: total }, (_, index) => send(index)));
  proxy.plan = () => undefined;
  await Promise.all(agents.map((agent) => agent.close()));

  const config2 = { endpoint: moto.endpoint, region, credentials: exampleKeys };
  made.instances.push(...(await names(client)));
  const s3 = new S3Client({ ...config2, forcePathStyle: true });
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'ziggie-deployments' }));
  made.objects.push(...Contents.map(({ Key = '' }) => Key));
  for await (const { SecretList = [] } of paginateListSecrets({ client: new SecretsManagerClient(config2) }, {})) {
    made.secrets.push(...SecretList.map(({ Name = '' }) => Name));
  }
}, 170_000);
afterAll(async () => {
  await Promise.all((agents ?? []).map((agent) => agent.close()));
  await proxy?.close();
  await moto?.close();
});

/** Ten kinds of calls in turn. */
async function send(index: number): Promise<Sent> {
  const [marcus, chen, ziggie] = agents;
  const id = running[index % running.length] ?? '';
  const kinds: (() => { agent: AgentClient | undefined; tool: string; input: object; mark?: string })[] = [
    () => ({ agent: marcus, tool: 'instances_get', input: { provider: 'aws', id } }),
    () => ({ agent: chen, tool: 'storage_put_object', input: objectOf(index), mark: `chaos/${index}.txt` }),
    () => ({ agent: ziggie, tool: 'instances_launch', input: launchOf(index), mark: `chaos-${index}` }),
    () => ({ agent: marcus, tool: 'functions_invoke', input: { name: 'ziggie-report', payload: { index } } }),
    () => ({
      agent: marcus,
      tool: 'secrets_create',
      input: { name: `ziggie/chaos-${index}`, generate: {} },
      mark: `ziggie/chaos-${index}`,
    }),
    () => ({ agent: chen, tool: 'instances_list', input: { limit: 5 } }),
    () => ({ agent: marcus, tool: 'instances_restart', input: { provider: 'aws', id } }),
    () => ({ agent: chen, tool: 'storage_list_objects', input: { bucket: 'ziggie-deployments', prefix: 'chaos/', limit: 5 } }),
    () => ({ agent: ziggie, tool: 'secrets_list', input: { limit: 5 } }),
    () => ({ agent: chen, tool: 'instances_stop', input: { provider: 'aws', id } }),
  ];
  const kind = kinds[index % kinds.length]?.();
  if (!kind?.agent) throw new Error('no such agent');
  const { agent, tool, input, mark } = kind;
  return { tool, reply: await agent.call(tool, input), ...(mark === undefined ? {} : { mark }) };
}

const objectOf = (index: number) => ({ bucket: 'ziggie-deployments', key: `chaos/${index}.txt`, text: `object ${index}`, ifAbsent: true });
const launchOf = (index: number) => ({ provider: 'aws', region, name: `chaos-${index}`, instanceType: 't3.micro', image: 'ami-12c6146b' });

describe('a thousand calls on a bad day', () => {
  it('had bad luck enough to mean something', () => {
    expect(proxy.faults.throttled).toBeGreaterThan(total / 20);
    expect(proxy.faults.resetBefore).toBeGreaterThan(3);
    expect(proxy.faults.resetAfter).toBeGreaterThan(3);
  });

  it('all got an answer, or an error that says what happened; most an answer', () => {
    expect(sent).toHaveLength(total);
    const failed = sent.filter(({ reply }) => !reply.ok);
    for (const { reply } of failed) {
      expect(reply.body, JSON.stringify(reply.body)).toMatchObject({
        code: expect.any(String),
        effect: expect.stringMatching(/^(none|applied|unknown)$/),
      });
      expect(reply.body.code).not.toBe('internal');
    }
    const denied = failed.filter(({ reply }) => reply.body.code === 'policy_denied');
    expect(denied.every(({ tool }) => tool === 'instances_stop')).toBe(true);
    expect(denied.length).toBeGreaterThan(80);
    expect(failed.length - denied.length).toBeLessThan(total / 10);
  });

  it('made everything at most once, and what a reply says of the world is so', () => {
    const all = [...made.instances, ...made.objects, ...made.secrets];
    for (const { mark, reply } of sent) {
      if (mark === undefined) continue;
      const count = all.filter((name) => name === mark).length;
      const effect = reply.ok ? 'applied' : reply.body.effect;
      expect(count, `${mark}: ${JSON.stringify(reply.body)}`).toBeLessThanOrEqual(1);
      if (effect === 'applied') expect(count, `${mark}: ${JSON.stringify(reply.body)}`).toBe(1);
      if (effect === 'none') expect(count, `${mark}: ${JSON.stringify(reply.body)}`).toBe(0);
    }
  });

  it('sent once what must not be repeated', () => {
    const calls = (tool: string) => sent.filter((each) => each.tool === tool).length;
    const arrived = (pattern: RegExp) => proxy.arrived.filter((name) => pattern.test(name)).length;
    expect(arrived(/^lambda POST .*\/invocations$/)).toBeLessThanOrEqual(calls('functions_invoke'));
    expect(arrived(/^ec2 RebootInstances$/)).toBeLessThanOrEqual(calls('instances_restart'));
    expect(arrived(/^ec2 RebootInstances$/)).toBeGreaterThan(50);
  });

  it('lost no record: each call has its end in CloudWatch Logs, with the effect that the caller was told', async () => {
    const verdict = await run(['audit', 'verify', '--json'], environment);
    expect(verdict.code, verdict.stdout).toBe(0);
    const ends = new Map<string, { phase: string; effect?: string; errorCode?: string }>();
    const intents = new Set<string>();
    for (const record of readCloudWatch(moto.endpoint)) {
      if (record.phase === 'intent') intents.add(record.callId);
      else ends.set(record.callId, record);
    }
    for (const { reply } of sent) {
      const end = ends.get(reply.callId);
      expect(end, reply.callId).toBeDefined();
      if (end?.phase === 'outcome') expect(intents).toContain(reply.callId);
      expect(end?.errorCode).toBe(reply.ok ? undefined : reply.body.code);
      if (!reply.ok) expect(end?.effect).toBe(reply.body.effect);
    }
  });
});

describe('a service that is down', () => {
  it('opens its circuit, is spared but for one probe, and is asked again once that was answered', async () => {
    const guard = createGuard({ resetMs: 300 });
    const aws = newAws({ endpoint: proxy.endpoint, guard });
    const arrivals = () => proxy.arrived.filter((name) => name === 'ec2 DescribeInstances').length;
    const look = () => instanceOf(aws, { type: 'Instance', id: running[0] ?? '' }, newCall());
    const all = (calls: number) => Promise.allSettled(Array.from({ length: calls }, look));
    const codes = (results: PromiseSettledResult<unknown>[]) =>
      results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as CallError).code));
    const state = () => guard.circuits().find(({ service }) => service === 'ec2')?.state;

    proxy.plan = (_index, service) => (service === 'ec2' ? 'fail' : undefined);
    expect(new Set(codes(await all(6)))).toEqual(new Set(['provider_unavailable']));
    expect(state()).toBe('open');
    const whenOpen = arrivals();
    expect(new Set(codes(await all(50)))).toEqual(new Set(['circuit_open']));
    expect(arrivals()).toBe(whenOpen);

    // Still down: the probe fails, and the circuit stays open.
    await until('a half-open circuit', () => state() === 'half-open' || undefined);
    const probed = codes(await all(20));
    expect(probed.filter((code) => code === 'provider_unavailable')).toHaveLength(1);
    expect(probed.filter((code) => code === 'circuit_open')).toHaveLength(19);
    // The one probe is one call, which the SDK tries three times.
    expect(arrivals()).toBe(whenOpen + 3);

    proxy.plan = () => undefined;
    await until('a half-open circuit', () => state() === 'half-open' || undefined);
    const before = arrivals();
    expect(codes(await all(20)).filter((code) => code === 'ok')).toHaveLength(1);
    expect(arrivals()).toBe(before + 1);
    expect(state()).toBe('closed');
    expect(new Set(codes(await all(20)))).toEqual(new Set(['ok']));
  });
});
