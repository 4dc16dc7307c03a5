import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { InstanceRow, LaunchSpec } from '../../src/ports/compute.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { accountsOf, failure, instanceOf, newCall, resolved } from './harness.ts';

/**
 * Where a counterpart is not like AWS; everything else in this file holds for both. What moto does not do is covered over the sandbox,
 * and what depends on the wire over the stub of `ec2-stub.ts`.
 */
export interface Differences {
  /** Whether a repeated client token gives the first instance again, and `IdempotentParameterMismatch` for other arguments. */
  readonly keepsClientTokens: boolean;
  /** Whether a change that the state does not allow is refused with `IncorrectInstanceState`. */
  readonly checksStates: boolean;
  /** Whether an instance has metrics without anybody putting them. */
  readonly measures: boolean;
}

export const differences = {
  sandbox: { keepsClientTokens: true, checksStates: true, measures: true },
  moto: { keepsClientTokens: false, checksStates: false, measures: false },
} as const satisfies Record<string, Differences>;

const spec: LaunchSpec = {
  name: 'contract-web',
  instanceType: 't3.micro',
  image: 'ami-12c6146b',
  region: 'eu-north-1',
  tags: { Project: 'Ziggie', Environment: 'development' },
};

/** What the compute port promises, against whatever answers below it. */
export function describeCompute(where: string, connect: () => Promise<AwsProvider>, like: Differences): void {
  describe(`compute over ${where}`, () => {
    let aws: AwsProvider;
    beforeAll(async () => {
      aws = await connect();
    });

    const account = async () => {
      const [first] = await accountsOf(aws, { type: 'Account' }, newCall());
      if (!first) throw new Error('no account');
      return resolved(first);
    };
    const instance = async (id: string) => resolved(await instanceOf(aws, { type: 'Instance', id }, newCall()));
    const launched = async (over: Partial<LaunchSpec> = {}) => {
      const { id } = await aws.compute.launch(await account(), { ...spec, ...over }, newCall());
      return instance(id ?? '');
    };

    it('resolves the account to the number that STS says', async () => {
      expect(await account()).toMatchObject({ id: 'main', provider: 'aws', accountId: '123456789012', regions: ['eu-north-1'] });
      const { arn, clockOffsetMs } = await aws.identity('main', newCall());
      expect(arn).toContain(':123456789012:');
      // One machine, one clock; the date of an answer is cut to the second.
      expect(Math.abs(clockOffsetMs ?? Number.NaN)).toBeLessThan(60_000);
    });

    it('launches a tagged instance, waits until it runs, and counts one applied attempt', async () => {
      const call = newCall();
      const result = await aws.compute.launch(await account(), spec, call);
      expect(result).toMatchObject({ region: 'eu-north-1', state: 'running' });
      expect(call.attempts).toEqual(['applied']);
      expect(call.requestIds.length).toBeGreaterThan(0);
      const target = await instance(result.id ?? '');
      expect(target).toMatchObject({ name: 'contract-web', state: 'running', instanceType: 't3.micro', accountId: '123456789012' });
      expect(target.tags).toEqual({ Name: 'contract-web', Project: 'Ziggie', Environment: 'development' });
    });

    it('gives the same instance for the same client token', async () => {
      const clientToken = randomUUID();
      const first = await aws.compute.launch(await account(), spec, newCall({ clientToken }));
      const second = await aws.compute.launch(await account(), spec, newCall({ clientToken }));
      expect(second.id === first.id).toBe(like.keepsClientTokens);
      const other = aws.compute.launch(await account(), { ...spec, name: 'other' }, newCall({ clientToken }));
      if (!like.keepsClientTokens) return void (await other);
      expect((await failure(other)).details.provider?.code).toBe('IdempotentParameterMismatch');
    });

    it('stops, starts and restarts, waiting for the state', async () => {
      const target = await launched();
      const call = newCall();
      expect(await aws.compute.stop(target, call)).toEqual({ previousState: 'running', state: 'stopped' });
      expect(call.attempts).toEqual(['applied']);
      expect(await aws.compute.start(await instance(target.id), newCall())).toEqual({ previousState: 'stopped', state: 'running' });
      expect(await aws.compute.restart(target, newCall())).toEqual({ previousState: 'running', state: 'restarting' });
    });

    it('terminates', async () => {
      const target = await launched();
      expect(await aws.compute.terminate(target, newCall())).toMatchObject({ previousState: 'running' });
      expect(['terminating', 'terminated']).toContain((await instance(target.id)).state);
      const again = aws.compute.stop(target, newCall());
      if (!like.checksStates) return void (await again);
      expect(await failure(again)).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'IncorrectInstanceState' } } });
    });

    it.each(['start', 'stop', 'restart', 'terminate'] as const)('plans a %s in a dry run and changes nothing', async (verb) => {
      const target = await launched();
      const call = newCall({ dryRun: true });
      const result = await aws.compute[verb](target, call);
      expect(result).toMatchObject({ state: 'running', plan: { current: { state: 'running' }, providerChecked: true } });
      expect(call.attempts).toEqual([]);
      expect((await instance(target.id)).state).toBe('running');
    });

    it('plans a launch in a dry run and launches nothing', async () => {
      const before = await all();
      const call = newCall({ dryRun: true });
      const result = await aws.compute.launch(await account(), spec, call);
      expect(result.id).toBeUndefined();
      expect(result.plan).toMatchObject({ change: { instanceType: 't3.micro', 'tag Project': 'Ziggie' }, providerChecked: true });
      expect(call.attempts).toEqual([]);
      expect(await all()).toEqual(before);
    });

    it('gets the details', async () => {
      const target = await launched();
      const detail = await aws.compute.get(target, newCall());
      expect(detail).toMatchObject({ id: target.id, account: 'main', providerState: 'running', image: spec.image, tags: target.tags });
      expect(detail.launchedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect(Object.values(detail)).not.toContain(undefined);
    });

    const all = async (limit = 100) => {
      const rows: InstanceRow[] = [];
      let cursor: string | undefined;
      do {
        const page = await aws.compute.list([await account()], { limit, ...(cursor ? { cursor } : {}) }, newCall());
        expect(page.instances.length).toBeLessThanOrEqual(limit);
        rows.push(...page.instances);
        cursor = page.nextCursor;
      } while (cursor);
      return rows;
    };

    it.each([1, 3, 7])('lists everything once, %i at a time', async (limit) => {
      await launched();
      const whole = await all();
      expect(await all(limit)).toEqual(whole);
      expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length);
    });

    it('lists by state and by tag, a tag taken as it is written', async () => {
      const starred = await launched({ tags: { Role: 'a*b' } });
      await launched({ tags: { Role: 'aXb' } });
      const page = await aws.compute.list([await account()], { limit: 25, tag: { key: 'Role', value: 'a*b' } }, newCall());
      expect(page.instances.map(({ id }) => id)).toEqual([starred.id]);
      await aws.compute.stop(starred, newCall());
      const stopped = await aws.compute.list([await account()], { limit: 100, state: 'stopped' }, newCall());
      expect(stopped.instances.map(({ id }) => id)).toContain(starred.id);
      expect(new Set(stopped.instances.map(({ state }) => state))).toEqual(new Set(['stopped']));
      expect(await aws.compute.list([await account()], { limit: 25, state: 'restarting' }, newCall())).toEqual({ instances: [] });
    });

    it('reads metrics: four series of at most 60 points', async () => {
      const { series } = await aws.compute.metrics(await launched(), { hours: 24 }, newCall());
      expect(series.map(({ metric }) => metric)).toEqual(['CPUUtilization', 'NetworkIn', 'NetworkOut', 'StatusCheckFailed']);
      for (const { values } of series) expect(values.length).toBeLessThanOrEqual(60);
      const [row] = (await all()).filter(({ name, state }) => name === 'ziggie-api-1' && state === 'running');
      expect(row !== undefined).toBe(like.measures);
      if (!row) return;
      const [cpu] = (await aws.compute.metrics(await instance(row.id), { hours: 24 }, newCall())).series;
      expect(cpu).toMatchObject({ unit: 'Percent', statistic: 'Average', latest: expect.any(Number) });
      expect(cpu?.values.length).toBeGreaterThan(40);
    });

    it('does not resolve what does not exist', async () => {
      const error = await failure(instanceOf(aws, { type: 'Instance', id: 'i-0fffffffffffffff0' }, newCall()));
      expect(error.code).toBe('target_unresolved');
      expect(error.details.provider?.code).toBe('InvalidInstanceID.NotFound');
    });
  });
}
