import { describe, expect, it } from 'vitest';
import { createSandbox, fleet } from '../../src/providers/sandbox/index.ts';
import { accountsOf, failure, instanceOf, mainAccount, newAws, newCall, resolved, sandboxAws, sandboxParts } from './harness.ts';

/** A sandbox whose time stands until the test moves it. */
function connect() {
  const clock = { now: Date.now() };
  const aws = sandboxAws({ now: () => clock.now, settleMs: 60_000 });
  const find = async (id: string) => resolved(await instanceOf(aws, { type: 'Instance', id }, newCall()));
  const account = async () => {
    const [first] = await accountsOf(aws, { type: 'Account' }, newCall());
    if (!first) throw new Error('no account');
    return resolved(first);
  };
  return { aws, clock, find, account };
}
const named = (name: string) => fleet.find((member) => member.name === name)?.id ?? '';
const now = () => newCall({ waitMs: 0 });
const spec = { name: 'new', instanceType: 't3.micro', image: 'ami-12345678', region: 'eu-north-1', tags: {} };

describe('the fleet', () => {
  it('has fixed ids, Ziggie tags on all but one, and one that is protected', async () => {
    const { find } = connect();
    expect(fleet.map(({ id }) => id.slice(-2))).toEqual(['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']);
    const facts = await Promise.all(fleet.map(({ id }) => find(id)));
    expect(facts.filter(({ tags }) => Object.keys(tags).length === 0).map(({ id }) => id)).toEqual(['i-0a1b2c3d4e5f60012']);
    expect(facts.filter(({ tags }) => tags.Protected === 'true').map(({ name }) => name)).toEqual(['ziggie-db-1']);
    for (const { tags } of facts.slice(0, 11))
      expect(Object.keys(tags)).toEqual(expect.arrayContaining(['Name', 'Project', 'Environment', 'Team', 'Role']));
  });

  it('tells details that look like EC2 ones', async () => {
    const { aws, find } = connect();
    expect(await aws.compute.get(await find(named('ziggie-web-1')), newCall())).toMatchObject({
      zone: 'eu-north-1a',
      publicIp: '203.0.113.10',
      privateIp: '10.0.1.10',
      securityGroups: ['sg-0a1b2c3d4e5f60001'],
    });
    const stopped = await aws.compute.get(await find(named('ziggie-staging-api')), newCall());
    expect(stopped).toMatchObject({ state: 'stopped', stateReason: expect.stringContaining('Client.UserInitiatedShutdown') });
    expect(stopped).not.toHaveProperty('publicIp');
  });
});

describe('states take time', () => {
  it('stops and starts through the states between', async () => {
    const { aws, clock, find } = connect();
    const id = named('ziggie-api-1');
    expect(await aws.compute.stop(await find(id), now())).toEqual({ previousState: 'running', state: 'stopping' });
    expect((await failure(aws.compute.start(await find(id), now()))).details.provider?.code).toBe('IncorrectInstanceState');
    clock.now += 59_999;
    expect((await find(id)).state).toBe('stopping');
    clock.now += 1;
    expect((await find(id)).state).toBe('stopped');
    expect(await aws.compute.start(await find(id), now())).toEqual({ previousState: 'stopped', state: 'pending' });
    clock.now += 60_000;
    expect((await find(id)).state).toBe('running');
  });

  it('takes what changes nothing for done', async () => {
    const { aws, find } = connect();
    expect(await aws.compute.start(await find(named('ziggie-api-1')), now())).toEqual({ previousState: 'running', state: 'running' });
    expect(await aws.compute.stop(await find(named('ziggie-staging-api')), now())).toEqual({ previousState: 'stopped', state: 'stopped' });
    expect(await aws.compute.terminate(await find(named('ziggie-old-web')), now())).toEqual({
      previousState: 'terminated',
      state: 'terminated',
    });
  });

  it.each(['start', 'stop', 'restart'] as const)('refuses to %s what is terminated', async (verb) => {
    const { aws, find } = connect();
    const call = now();
    const error = await failure(aws.compute[verb](await find(named('ziggie-old-web')), call));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'IncorrectInstanceState', status: 400 } } });
    expect(call.ledger.effect()).toBe('none');
  });

  it('terminates for good', async () => {
    const { aws, clock, find } = connect();
    const id = named('ziggie-worker-1');
    expect(await aws.compute.terminate(await find(id), now())).toEqual({ previousState: 'running', state: 'terminating' });
    clock.now += 60_000;
    expect(await aws.compute.get(await find(id), now())).toMatchObject({ state: 'terminated', providerState: 'terminated' });
  });
});

describe('what EC2 refuses', () => {
  it('keeps a protected instance, in a dry run too', async () => {
    const { aws, find } = connect();
    const id = named('ziggie-db-1');
    for (const call of [now(), newCall({ dryRun: true })]) {
      const error = await failure(aws.compute.terminate(await find(id), call));
      expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'OperationNotPermitted' } } });
    }
    expect((await find(id)).state).toBe('running');
  });

  it.each([
    [{ image: 'ubuntu' }, 'InvalidAMIID.Malformed'],
    [{ instanceType: 'huge' }, 'InvalidParameterValue'],
    [{ instanceType: 'p5.48xlarge' }, 'InsufficientInstanceCapacity'],
  ])('does not launch %j', async (wrong, code) => {
    const { aws, account } = connect();
    const call = now();
    const error = await failure(aws.compute.launch(await account(), { ...spec, ...wrong }, call));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code } } });
    expect(call.ledger.effect()).toBe('none');
  });

  it('has a quota', async () => {
    const { aws, account } = connect();
    const target = await account();
    const codes: unknown[] = [];
    for (let count = 0; count < 54; count += 1)
      codes.push(
        await aws.compute.launch(target, spec, now()).then(
          ({ state }) => state,
          ({ details }) => details.provider.code,
        ),
      );
    expect(codes.slice(0, 53)).toEqual(Array(53).fill('pending'));
    expect(codes[53]).toBe('InstanceLimitExceeded');
  });
});

describe('metrics', () => {
  it('are the same for the same time, within reason, and absent for what does not run', async () => {
    const { aws, find } = connect();
    const target = await find(named('ziggie-api-2'));
    const first = await aws.compute.metrics(target, { hours: 24 }, newCall());
    expect(await aws.compute.metrics(target, { hours: 24 }, newCall())).toEqual(first);
    const [cpu, networkIn, , status] = first.series;
    expect(cpu?.values.length).toBe(58);
    expect(cpu?.min).toBeGreaterThan(0);
    expect(cpu?.max).toBeLessThan(100);
    expect(networkIn).toMatchObject({ unit: 'Bytes', statistic: 'Sum' });
    expect(status).toMatchObject({ min: 0, max: 0, latest: 0 });
    expect(Date.parse(first.start ?? '') % 300_000).toBe(0);
    for (const value of cpu?.values ?? []) expect(Number(value?.toPrecision(4))).toBe(value);
    const stopped = await aws.compute.metrics(await find(named('ziggie-staging-web')), { hours: 24 }, newCall());
    expect(stopped.series[0]).toEqual({ metric: 'CPUUtilization', unit: 'Percent', statistic: 'Average', values: [] });
  });

  it.each([1, 3, 6, 24, 72, 168, 336])('fit into 60 points for %i hours', async (hours) => {
    const { aws, find } = connect();
    const { start, periodSeconds, series } = await aws.compute.metrics(await find(named('ziggie-db-1')), { hours }, newCall());
    for (const { values } of series) {
      expect(values.length).toBeGreaterThan(10);
      expect(values.length).toBeLessThanOrEqual(60);
      // However long a period is, the latest one ends within the last minutes.
      const end = Date.parse(start ?? '') + values.length * periodSeconds * 1_000;
      expect(end).toBeGreaterThan(Date.now() - 600_000);
    }
  });
});

describe('the border', () => {
  it('sends nothing to a network and says what it does not have', async () => {
    const sandbox = createSandbox({ region: 'eu-north-1' });
    const aws = newAws({ accounts: [mainAccount()], requestHandler: sandboxParts(sandbox).requestHandler });
    const error = await failure(aws.identity('main', newCall()));
    expect(error).toMatchObject({ code: 'provider_not_configured', details: { provider: { code: 'NotInSandbox' } } });
    expect(error.details.remedy).toContain('--sandbox');
  });

  it('shows how far its clock is off', async () => {
    const aws = sandboxAws({ now: () => Date.now() + 3_600_000 });
    const { clockOffsetMs = 0 } = await aws.identity('main', newCall());
    expect(Math.round(clockOffsetMs / 60_000)).toBe(60);
  });

  it('is a world of its own', async () => {
    const [one, other] = [connect(), connect()];
    await one.aws.compute.stop(await one.find(named('ziggie-web-1')), now());
    expect((await other.find(named('ziggie-web-1'))).state).toBe('running');
  });
});
