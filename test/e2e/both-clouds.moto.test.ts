import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTagsCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { encode } from 'gpt-tokenizer';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { build, installSystemctl } from '../deploy/ssh-world.ts';
import { exampleToken, type Stub, startStub } from '../hostinger/stub.ts';
import { freePort, type Sshd, startSshd } from '../ssh/sshd.ts';
import { repository, temporaryFolder } from '../support/folders.ts';
import { awsEnvironment, connectAgent, ec2, readCloudWatch, region, run } from './world.ts';

/**
 * The built server with both clouds: moto, a Hostinger of the tests' own over HTTP that is checked against the official tool tables,
 * and a real sshd on which a real program is deployed. systemd is a stub there (it says so).
 */

let moto: Moto;
let hostinger: Stub;
let sshd: Sshd;
let environment: Record<string, string>;
let appPort: number;
const state = temporaryFolder();
/** What the server sees as its disk, and the builds beside it. */
const folder = temporaryFolder();
const config = join(temporaryFolder(), 'config');

beforeAll(async () => {
  const bin = installSystemctl(folder);
  [moto, sshd, appPort] = await Promise.all([
    startMoto(),
    startSshd({ settings: [`SetEnv PATH=${bin}:/usr/local/bin:/usr/bin:/bin HOME=${folder}`] }),
    freePort(),
  ]);
  const servers = Array.from({ length: 5 }, (_, index) => ({
    name: `vps-${index + 1}`,
    id: 1268054 + index,
    ip: `203.0.113.${index + 1}`,
  }));
  hostinger = await startStub({ servers });
  cpSync(join(repository, 'config'), config, { recursive: true });
  const yaml = readFileSync(join(config, 'ziggie.yaml'), 'utf8');
  const agents = yaml.slice(yaml.indexOf('agents:'), yaml.indexOf('# People who may approve'));
  writeFileSync(
    join(config, 'ziggie.yaml'),
    `${agents}
hostinger:
  servers:
    - name: vps-1
      id: 1268054
      tags: { Project: Ziggie }
      ssh: { host: ${sshd.host}, port: ${sshd.port}, user: ${sshd.user}, hostKeys: ['${sshd.hostKeyFingerprint}'], key: ${sshd.keyPath} }
apps:
  - name: web
    team: backend
    source: { folder: '${join(folder, 'builds')}/{version}' }
    targets: { hostinger: { server: vps-1, folder: ${join(folder, 'srv')}, service: web.service } }
    health: { url: 'http://127.0.0.1:${appPort}/', expectText: 'this is {version}', withinSeconds: 3, everySeconds: 1 }
    environment: { PORT: '${appPort}', GREETING: hello }
`,
  );
  environment = awsEnvironment(state, moto.endpoint, {
    ZIGGIE_CONFIG: config,
    XDG_CONFIG_HOME: join(state, 'xdg'),
    HOSTINGER_API_URL: hostinger.url,
    HOSTINGER_API_TOKEN: exampleToken,
  });
  for (const version of ['v1', 'v2', 'v4']) build(folder, version);
  build(folder, 'v3', 500);
}, 60_000);

afterAll(async () => {
  try {
    process.kill(Number(readFileSync(join(folder, 'run.pid'), 'utf8')), 'SIGKILL');
  } catch {
    // It never ran.
  }
  await sshd?.stop();
  await moto?.close();
  await hostinger?.close();
});

const answer = async () => (await fetch(`http://127.0.0.1:${appPort}/`)).text();
const cloud = (command: string, params: object) =>
  run(['execute-command', '--agent', 'marcus', '--command', `cloud:${command}`, '--params', JSON.stringify(params), '--json'], environment);
const app = { provider: 'hostinger', app_name: 'web' };

describe('a deployment', () => {
  it('by CLI in the words of the checklist and by MCP leaves the same records', async () => {
    const byCli = JSON.parse((await cloud('deploy', { ...app, version: 'v1' })).stdout);
    expect(byCli).toMatchObject({ ok: true, output: { status: 'done', serving: 'v1', app: 'web', provider: 'hostinger' } });
    expect(await answer()).toBe('this is v1: hello');

    const marcus = await connectAgent('marcus', environment);
    const byMcp = await marcus.call('deploy_application', { provider: 'hostinger', app: 'web', version: 'v2' });
    expect(byMcp.body).toMatchObject({ status: 'done', serving: 'v2', previous: 'v1' });
    expect(await answer()).toBe('this is v2: hello');
    await marcus.close();

    const records = await vi.waitFor(
      () => {
        const all = readCloudWatch(moto.endpoint);
        const of = (callId: string) => all.filter((record) => record.callId === callId);
        const both = [of(byCli.callId), of(byMcp.callId)];
        for (const each of both) expect(each.map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
        return both;
      },
      { timeout: 20_000, interval: 500 },
    );
    // What tells two calls apart by their nature: who, when, where in the chain, and the version.
    const own = ['callId', 'ts', 'seq', 'writerId', 'prev', 'hash', 'client', 'durationMs', 'argsHash', 'traceparent'];
    const [first, second] = records.map((pair) =>
      pair.map((record) => {
        const shared = Object.fromEntries(Object.entries(record).filter(([key]) => !own.includes(key)));
        return JSON.parse(JSON.stringify(shared).replaceAll(/"v[12]"/g, '"v"'));
      }),
    );
    expect(second).toEqual(first);
    expect(first?.[0]).toMatchObject({
      tool: 'deploy_application',
      principal: 'agent:agent-marcus',
      args: { app: 'web', provider: 'hostinger', version: 'v' },
      targets: [{ type: 'Application', id: 'web', provider: 'hostinger' }],
      policyIds: ['marcus-deploys-backend'],
    });
  });

  it('that is not healthy is taken back by itself, says so, and fails the command', async () => {
    const { code, stdout } = await cloud('deploy', { ...app, version: 'v3' });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'provider_rejected',
      effect: 'applied',
      message: expect.stringMatching(/v3 .*not healthy.*v2 serves again and is healthy/),
      provider: { code: 'HealthCheckFailed' },
    });
    expect(await answer()).toBe('this is v2: hello');
    expect(JSON.parse((await cloud('status', app)).stdout).output).toMatchObject({ status: 'rolled_back', version: 'v3', serving: 'v2' });
  });

  it('whose server is killed in the middle is ended by the next one that stays, and never left half-way', async () => {
    const first = await connectAgent('marcus', environment);
    const dying = first.call('deploy_application', { provider: 'hostinger', app: 'web', version: 'v3' }).catch(() => 'gone');
    await vi.waitFor(async () => expect(await answer().catch(() => '')).toContain('this is v3'), { timeout: 20_000, interval: 50 });
    process.kill(first.pid, 'SIGKILL');
    expect(await dying).toBe('gone');
    expect(await answer()).toContain('this is v3');

    const next = await connectAgent('marcus', environment);
    const status = () => next.call('deploy_status', { provider: 'hostinger', app: 'web' });
    // The lease of the one that was killed runs out first.
    await vi.waitFor(async () => expect((await status()).body.status).not.toBe('running'), { timeout: 90_000, interval: 1_000 });
    expect((await status()).body).toMatchObject({ status: 'rolled_back', version: 'v3', serving: 'v2' });
    expect(await answer()).toBe('this is v2: hello');
    expect((await next.call('deploy_application', { provider: 'hostinger', app: 'web', version: 'v4' })).body).toMatchObject({
      serving: 'v4',
    });
    await next.close();
    await vi.waitFor(
      () => {
        const ended = readCloudWatch(moto.endpoint).filter(({ via }) => via?.startsWith('deployment dep_'));
        expect(ended.map(({ phase, outcome }) => [phase, outcome])).toEqual([
          ['intent', undefined],
          ['outcome', 'failure'],
        ]);
      },
      { timeout: 20_000, interval: 500 },
    );
  }, 150_000);

  it('is refused while another one runs', async () => {
    rmSync(join(folder, 'builds', 'v5'), { recursive: true, force: true });
    mkdirSync(join(folder, 'builds', 'v5'), { recursive: true });
    // Never healthy: it is under way for as long as the health check allows.
    build(folder, 'v5', 500);
    const [one, two] = await Promise.all([connectAgent('marcus', environment), connectAgent('marcus', environment)]);
    const version = { provider: 'hostinger', app: 'web', version: 'v5' };
    const answers = await Promise.all([one.call('deploy_application', version), two.call('deploy_application', version)]);
    expect(answers.map(({ body }) => body.provider.code).sort()).toEqual(['DeployRunning', 'HealthCheckFailed']);
    expect(await answer()).toBe('this is v4: hello');
    await Promise.all([one.close(), two.close()]);
  }, 60_000);
});

describe('one list of 40 instances on EC2 and 5 at Hostinger', () => {
  beforeAll(async () => {
    const client = ec2(moto.endpoint);
    const { Instances = [] } = await client.send(
      new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 40, MaxCount: 40, InstanceType: 't3.micro' }),
    );
    for (const [index, { InstanceId = '' }] of Instances.entries()) {
      const Tags = [{ Key: 'Name', Value: `ziggie-service-${index}` }];
      await client.send(new CreateTagsCommand({ Resources: [InstanceId], Tags }));
    }
  });
  const list = async (more: Record<string, string> = {}) => {
    const marcus = await connectAgent('marcus', { ...environment, ...more });
    try {
      const { body } = await marcus.call('instances_list', { limit: 100 });
      return { ...body, tokens: encode(JSON.stringify(body)).length };
    } finally {
      await marcus.close();
    }
  };
  const count = (rows: { provider: string }[], cloud: string) => rows.filter(({ provider }) => provider === cloud).length;

  it('is one page of less than 4,000 tokens', async () => {
    const { instances, nextCursor, missing, tokens } = await list();
    expect([count(instances, 'aws'), count(instances, 'hostinger')]).toEqual([40, 5]);
    expect([nextCursor, missing]).toEqual([undefined, undefined]);
    expect(tokens).toBeLessThan(4_000);
  });

  it.each([
    ['hostinger', { HOSTINGER_API_URL: 'http://127.0.0.1:9' }, [40, 0]],
    ['aws', { AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9' }, [0, 5]],
  ] as const)('says that %s is missing when it is down, and shows the other', async (cloud, broken, counts) => {
    const { instances, missing, tokens } = await list(broken);
    expect([count(instances, 'aws'), count(instances, 'hostinger')]).toEqual(counts);
    expect(missing).toEqual([expect.objectContaining({ provider: cloud, code: 'provider_unavailable' })]);
    expect(JSON.stringify(missing)).not.toContain(exampleToken);
    expect(tokens).toBeLessThan(4_000);
  });

  it(`is AWS's alone for a region`, async () => {
    const marcus = await connectAgent('marcus', environment);
    const { body } = await marcus.call('instances_list', { limit: 100, region });
    expect(count(body.instances, 'hostinger')).toBe(0);
    await marcus.close();
  });
});
