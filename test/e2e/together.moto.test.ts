import { globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { type AwsProxy, mutations, startAwsProxy } from './aws-proxy.ts';
import { awsEnvironment, connectAgent, ec2, instances, knowSpend, launch, type Reply, readCloudWatch, run } from './world.ts';

/** Several processes on one state folder, and clouds that go away in the middle. */

let moto: Moto;
let proxy: AwsProxy;
beforeAll(async () => {
  moto = await startMoto();
  proxy = await startAwsProxy(moto.endpoint);
});
afterAll(async () => {
  await proxy?.close();
  await moto?.close();
});

const launchInput = { provider: 'aws', region: 'eu-north-1', name: 'new', instanceType: 't3.micro', image: 'ami-12c6146b' };

describe('three servers of three agents on one state folder', () => {
  it('share approvals and limits, adopt each other, and leave a sandbox beside them alone', async () => {
    const state = temporaryFolder();
    const config = configurationWith();
    const environment = { ...awsEnvironment(state, moto.endpoint), ZIGGIE_CONFIG: config, XDG_CONFIG_HOME: join(state, 'xdg') };
    const id = await launch(ec2(moto.endpoint), { Project: 'Ziggie' });
    const [marcus, chen, ziggie] = await Promise.all(['marcus', 'chen', 'ziggie'].map((agent) => connectAgent(agent, environment)));
    const sandbox = await connectAgent('marcus', environment, ['--sandbox']);
    if (!marcus || !chen || !ziggie) throw new Error('not connected');

    await Promise.all([
      ...Array.from({ length: 15 }, () => marcus.call('instances_get', { provider: 'aws', id })),
      ...Array.from({ length: 15 }, () => chen.call('instances_list')),
      ...Array.from({ length: 15 }, () => ziggie.call('instances_metrics', { provider: 'aws', id })),
      ...Array.from({ length: 15 }, () => sandbox.call('instances_list')),
    ]);

    // An approval that one process asked for is given by another and used by the first.
    expect((await run(['approvers', 'add', 'alice'], environment, 'horse\n')).code).toBe(0);
    const terminate = () => ziggie.call('instances_terminate', { provider: 'aws', id });
    const asked = await terminate();
    const approved = await run(['approvals', 'approve', asked.body.approval.id], environment, 'horse\n');
    expect(approved, approved.stderr).toMatchObject({ code: 0 });
    expect((await terminate()).ok).toBe(true);

    // One dies; the others adopt, ship and close what it left.
    const before = readdirSync(join(globSync(join(state, 'live-*'))[0] ?? '', 'audit'));
    expect(before.length).toBeGreaterThanOrEqual(3);
    process.kill(chen.pid, 'SIGKILL');
    const whole = await until('the dead writer adopted', async () => {
      const { stdout } = await run(['audit', 'verify', '--json'], environment);
      const verdict = JSON.parse(stdout) as { ok: boolean; problems: unknown[]; counts: { live: number } };
      return verdict.ok && verdict.counts.live === 2 ? verdict : undefined;
    });
    expect(whole.problems).toEqual([]);
    await Promise.all([marcus.close(), ziggie.close(), sandbox.close(), chen.close().catch(() => undefined)]);
    const verdict = await run(['audit', 'verify', '--json'], environment);
    expect(verdict.code, verdict.stdout).toBe(0);

    const records = readCloudWatch(moto.endpoint);
    expect(records.filter(({ principal, tool }) => principal === 'agent:agent-chen' && tool === 'instances_list')).toHaveLength(30);
    expect(records.some((record) => 'sandbox' in record && record.sandbox)).toBe(false);
    expect(globSync(join(state, 'sandbox', 'audit', '*')).length).toBeGreaterThan(0);
  });
});

describe('CloudWatch out of reach', () => {
  it('for the whole run, then back: everything arrives, each writer in order', async () => {
    const state = temporaryFolder();
    await moto.reset();
    const environment = { ...awsEnvironment(state, proxy.endpoint), ZIGGIE_CONFIG: configurationWith() };
    proxy.down.add('logs');
    const agent = await connectAgent('marcus', environment);
    const replies: Reply[] = [];
    for (let index = 0; index < 40; index += 1) replies.push(await agent.call('instances_list'));
    expect(replies.every(({ ok }) => ok)).toBe(true);
    const health = await until('a degraded health', async () => {
      const { body } = await agent.call('health_check');
      return body.status === 'degraded' ? body : undefined;
    });
    expect(health.checks.find(({ name }: { name: string }) => name === 'audit delivery')).toMatchObject({ status: 'degraded' });
    await agent.close();

    proxy.down.clear();
    const next = await connectAgent('marcus', environment);
    const records = await until('the backlog delivered', async () => {
      try {
        const arrived = readCloudWatch(moto.endpoint);
        return replies.every(({ callId }) => arrived.some((record) => record.callId === callId && record.phase === 'outcome'))
          ? arrived
          : undefined;
      } catch {
        return undefined;
      }
    });
    await next.close();
    for (const written of Map.groupBy(records, ({ writerId }) => writerId).values()) {
      const sequence = [...new Set(written.map(({ seq }) => seq))];
      expect(sequence).toEqual(sequence.toSorted((a, b) => a - b));
    }
    expect((await run(['audit', 'verify'], environment)).code).toBe(0);
  });
});

describe('stdin closed in the middle of a launch', () => {
  it('leaves exactly one instance, and its outcome on record', async () => {
    const state = temporaryFolder();
    await moto.reset();
    const environment = { ...awsEnvironment(state, proxy.endpoint), ZIGGIE_CONFIG: configurationWith() };
    await knowSpend(environment);
    const agent = await connectAgent('ziggie', environment);
    const before = proxy.count('RunInstances');
    let left: Promise<unknown> = Promise.resolve();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      proxy.holdAnswer = async (action) => {
        if (action !== 'RunInstances') return;
        resolve();
        await answered;
      };
    });
    const call = agent.call('instances_launch', launchInput).catch(() => 'gone');
    await arrived;
    left = agent.close();
    // The client is gone; only now does AWS answer.
    answer();
    await left;
    expect(await call).toBe('gone');
    proxy.holdAnswer = async () => {};
    const records = await until('the outcome in CloudWatch', async () => {
      try {
        const found = readCloudWatch(moto.endpoint).filter(({ tool }) => tool === 'instances_launch');
        return found.some(({ phase }) => phase === 'outcome') ? found : undefined;
      } catch {
        return undefined;
      }
    });
    expect(records.filter(({ phase }) => phase === 'intent')).toHaveLength(1);
    expect(records.filter(({ phase }) => phase === 'outcome')).toMatchObject([{ effect: 'applied' }]);
    expect(proxy.count('RunInstances') - before).toBe(1);
    expect(await instances(ec2(moto.endpoint))).toHaveLength(1);
    expect((await run(['audit', 'verify'], environment)).code).toBe(0);
  });
});

describe('no credentials', () => {
  it('starts and lists its tools; every cloud tool names the variable', async () => {
    const state = temporaryFolder();
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...environment } = awsEnvironment(state, moto.endpoint);
    const agent = await connectAgent('marcus', environment);
    expect((await agent.client.listTools()).tools.length).toBeGreaterThan(5);
    const { body } = await agent.call('instances_list');
    expect(body).toMatchObject({ code: 'provider_not_configured', effect: 'none' });
    expect(body.message + body.remedy).toMatch(/AWS_ACCESS_KEY_ID/);
    expect(mutations.some((action) => proxy.down.has(action))).toBe(false);
    await agent.close();
  });
});
