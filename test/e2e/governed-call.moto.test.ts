import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { repository, temporaryFolder } from '../support/folders.ts';
import { type AwsProxy, mutations, startAwsProxy } from './aws-proxy.ts';
import { awsEnvironment, connectAgent, ec2, instances, launch, readCloudWatch, run } from './world.ts';

/** The story of the first release, on moto over real HTTP, with a proxy that sees what reaches EC2. */

let moto: Moto;
let proxy: AwsProxy;
const state = temporaryFolder();
const config = join(temporaryFolder(), 'config');
let environment: Record<string, string>;
let tagged: string;
let untagged: string;

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startAwsProxy(moto.endpoint);
  cpSync(join(repository, 'config'), config, { recursive: true });
  environment = { ...awsEnvironment(state, proxy.endpoint), ZIGGIE_CONFIG: config, XDG_CONFIG_HOME: join(state, 'xdg') };
  const client = ec2(moto.endpoint);
  tagged = await launch(client, { Project: 'Ziggie', Name: 'web-1' });
  untagged = await launch(client, {});
});
afterAll(async () => {
  await proxy?.close();
  await moto?.close();
});

const sent = () => proxy.actions.filter((action) => mutations.includes(action));

describe('Marcus', () => {
  it('lists, stops and starts a tagged instance, and is denied an untagged one before EC2 hears of it', async () => {
    const marcus = await connectAgent('marcus', environment);
    const { tools } = await marcus.client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('instances_terminate');

    const list = await marcus.call('instances_list');
    expect(list.body.instances.map((row: { id: string }) => row.id)).toEqual(expect.arrayContaining([tagged, untagged]));

    expect((await marcus.call('instances_stop', { provider: 'aws', id: tagged })).body).toMatchObject({
      previousState: 'running',
      state: 'stopped',
    });
    expect((await marcus.call('instances_start', { provider: 'aws', id: tagged })).body).toMatchObject({ state: 'running' });
    expect(sent()).toEqual(['StopInstances', 'StartInstances']);

    const denied = await marcus.call('instances_stop', { provider: 'aws', id: untagged });
    expect(denied.body).toMatchObject({ code: 'policy_denied', effect: 'none' });
    expect(denied.body.policy.advice.join(' ')).toMatch(/Project=Ziggie/);
    expect((await marcus.call('instances_terminate', { provider: 'aws', id: tagged })).body.code).toBe('policy_denied');
    expect((await marcus.call('instances_explode', {})).body.code).toBe('unknown_operation');
    expect((await marcus.call('instances_stop', { provider: 'aws', id: 'i-1', force: true })).body.code).toBe('invalid_input');
    expect((await marcus.call('instances_list', { provider: 'hostinger' })).body.code).toBe('provider_not_configured');
    expect((await marcus.call('instances_get', { provider: 'aws', id: tagged, region: 'eu-west-1' })).body.code).toBe('invalid_input');
    expect(sent()).toHaveLength(2);
    await marcus.close();
  });
});

describe('Chen', () => {
  it('reads, and changes nothing', async () => {
    const chen = await connectAgent('chen', environment);
    expect((await chen.call('instances_get', { provider: 'aws', id: tagged })).body).toMatchObject({ id: tagged, state: 'running' });
    const before = sent().length;
    expect((await chen.call('instances_stop', { provider: 'aws', id: tagged })).body).toMatchObject({
      code: 'policy_denied',
      effect: 'none',
    });
    expect(sent()).toHaveLength(before);
    await chen.close();
  });
});

describe('Ziggie', () => {
  it('terminates once, after a person signed exactly that call', async () => {
    expect(await run(['approvers', 'add', 'alice'], environment, 'correct horse\n')).toMatchObject({ code: 0 });
    const ziggie = await connectAgent('ziggie', environment);
    const call = (id = tagged, more: object = {}) => ziggie.call('instances_terminate', { provider: 'aws', id, ...more });

    const asked = (await call()).body;
    expect(asked).toMatchObject({ code: 'approval_required', effect: 'none' });
    const id: string = asked.approval.id;

    // A row that merely says so is no approval.
    const [file = ''] = globSync(join(state, 'live-*', 'state.sqlite'));
    const db = new DatabaseSync(file);
    db.prepare(`UPDATE approvals SET status = 'approved', approver = 'alice' WHERE id = ?`).run(id);
    expect((await call()).body.code).toBe('approval_required');
    db.prepare(`UPDATE approvals SET status = 'pending', approver = NULL WHERE id = ?`).run(id);
    db.close();
    expect(proxy.count('TerminateInstances')).toBe(0);

    expect(await run(['approvals', 'approve', id], environment, 'wrong horse\n')).toMatchObject({ code: 1 });
    expect((await call()).body.code).toBe('approval_required');
    expect((await run(['approvals', 'list'], environment)).stdout).toContain(id);
    const approved = await run(['approvals', 'approve', id], environment, 'correct horse\n');
    expect(approved, approved.stderr).toMatchObject({ code: 0 });

    expect((await call(untagged)).body.code).toBe('approval_required');
    expect((await call(tagged, { region: 'eu-north-1' })).body.code).toBe('approval_required');
    expect(proxy.count('TerminateInstances')).toBe(0);

    const done = await call();
    expect(done, JSON.stringify(done.body)).toMatchObject({ ok: true });
    expect(proxy.count('TerminateInstances')).toBe(1);
    expect((await call()).body.code).toMatch(/approval_required|provider_conflict|target_unresolved/);
    expect(proxy.count('TerminateInstances')).toBe(1);
    expect(await instances(ec2(moto.endpoint))).toContainEqual({ id: tagged, state: 'terminated' });
    await ziggie.close();
  });
});

describe('the record', () => {
  it('has all of it in CloudWatch Logs, as the AWS CLI reads it', async () => {
    const marcus = await connectAgent('marcus', environment);
    await marcus.call('access_whoami');
    await marcus.close();
    // Malformed JSON-RPC on the wire, past any client library.
    await run(['stdio', '--agent', 'marcus'], environment, '{"jsonrpc":"2.0","id":1,"method":\n');

    const records = readCloudWatch(moto.endpoint);
    const of = (principal: string, tool: string) =>
      records.filter((record) => record.principal === `agent:${principal}` && record.tool === tool);
    expect(
      of('agent-marcus', 'instances_stop')
        .map(({ phase, errorCode }) => errorCode ?? phase)
        .sort(),
    ).toEqual(['intent', 'invalid_input', 'outcome', 'policy_denied'].sort());
    expect(of('agent-chen', 'instances_stop')).toMatchObject([{ phase: 'refused', errorCode: 'policy_denied', effect: 'none' }]);
    expect(of('agent-marcus', 'instances_terminate')).toMatchObject([{ errorCode: 'policy_denied' }]);
    expect(of('agent-marcus', 'instances_explode')).toMatchObject([{ errorCode: 'unknown_operation' }]);
    expect(of('agent-marcus', 'malformed')).toMatchObject([{ phase: 'refused', errorCode: 'invalid_input' }]);
    const terminations = of('agent-ziggie', 'instances_terminate');
    expect(terminations.filter(({ phase }) => phase === 'intent')).toHaveLength(1);
    expect(terminations.filter(({ phase, outcome }) => phase === 'outcome' && outcome === 'success')).toHaveLength(1);
    expect(terminations.some(({ errorCode }) => errorCode === 'approval_required')).toBe(true);
    expect(records.filter(({ principal }) => principal === 'human:alice').map(({ tool, phase }) => `${tool} ${phase}`)).toEqual([
      'approvals_approve intent',
      'approvals_approve outcome',
    ]);
    expect(JSON.stringify(records)).not.toContain('wJalrXUtnFEMI');

    const verdict = await run(['audit', 'verify', '--json'], environment);
    expect(verdict.code, verdict.stdout).toBe(0);
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, problems: [] });
  });
});
