import { describe, expect, it } from 'vitest';
import { createSandbox, fleet } from '../../src/providers/sandbox/index.ts';
import { type Faults, faulty } from './faulty.ts';
import { accountsOf, failure, instanceOf, mainAccount, newAws, newCall, resolved, sandboxAws, sandboxParts } from './harness.ts';

const [web] = fleet;
const id = web?.id ?? '';
const regions = ['eu-west-1', 'eu-north-1', 'us-east-1'];

/** Three regions, the fleet in the middle one, faults where the test wants them. */
function connect(faults: Faults = {}) {
  const sandbox = createSandbox({ region: 'eu-north-1', settleMs: 0 });
  return newAws({ accounts: [mainAccount({ regions })], ...sandboxParts(sandbox), middleware: faulty(sandbox.middleware, faults) });
}
const find = (aws: ReturnType<typeof connect>, ref: { id?: string; region?: string; account?: string; provider?: 'aws' | 'hostinger' }) =>
  instanceOf(aws, { type: 'Instance', id, ...ref }, newCall());

describe('resolving an instance', () => {
  it('finds it in whatever region it is', async () => {
    expect(await find(connect(), {})).toMatchObject({
      id,
      region: 'eu-north-1',
      account: 'main',
      accountId: '123456789012',
      name: 'ziggie-web-1',
    });
    expect(await find(connect(), { region: 'eu-north-1' })).toMatchObject({ tags: { Project: 'Ziggie', Environment: 'production' } });
  });

  it('does not find it in another region', async () => {
    expect(await failure(find(connect(), { region: 'us-east-1' }))).toMatchObject({
      code: 'target_unresolved',
      details: { provider: { code: 'InvalidInstanceID.NotFound' } },
    });
  });

  it('finds it although another region fails, but does not say that it is nowhere when one could not be asked', async () => {
    const aws = connect({ 'us-east-1': 'UnauthorizedOperation' });
    expect(await find(aws, {})).toMatchObject({ region: 'eu-north-1' });
    expect((await failure(find(aws, { id: 'i-0fffffffffffffff0' }))).code).toBe('provider_denied');
  });

  it('takes a malformed id for one that does not exist', async () => {
    expect((await failure(find(connect(), { id: '4711' }))).code).toBe('target_unresolved');
  });

  it('refuses what is not configured', async () => {
    const region = await failure(find(connect(), { region: 'ap-south-1' }));
    expect(region.code).toBe('invalid_input');
    expect(region.message).toContain('eu-west-1, eu-north-1, us-east-1');
    expect((await failure(find(connect(), { account: 'other' }))).code).toBe('provider_not_configured');
  });

  it('finds it in every place, for the road to refuse to choose', async () => {
    const aws = sandboxAws({}, { accounts: [mainAccount(), mainAccount({ name: 'twin' })] });
    const { targets } = await aws.resolvers.Instance({ type: 'Instance', id }, newCall());
    expect(targets.map(({ account }) => account)).toEqual(['main', 'twin']);
    expect(await find(aws, { account: 'twin' })).toMatchObject({ account: 'twin' });
  });

  it('refuses an instance of another account than ziggie.yaml says', async () => {
    const aws = sandboxAws({}, { accounts: [mainAccount({ accountId: '999999999999' })] });
    expect((await failure(find(aws, {}))).code).toBe('provider_not_configured');
  });

  it('reads its state each time', async () => {
    const aws = connect();
    const target = resolved(await find(aws, {}));
    await aws.compute.stop(target, newCall());
    expect((await find(aws, {})).state).toBe('stopped');
  });
});

describe('resolving accounts', () => {
  it('asks STS once for all calls, and again after a failure', async () => {
    const faults: Faults = { 'eu-west-1': 'ExpiredToken' };
    const sandbox = createSandbox({ region: 'eu-north-1' });
    let asked = 0;
    const count: typeof sandbox.middleware = (at) => {
      const plugin = faulty(sandbox.middleware, faults)(at);
      return {
        applyToStack(stack) {
          plugin.applyToStack(stack);
          const counting = { step: 'initialize', name: 'count' } as const;
          stack.add((next) => {
            asked += 1;
            return next;
          }, counting);
        },
      };
    };
    const aws = newAws({ accounts: [mainAccount({ regions })], ...sandboxParts(sandbox), middleware: count });
    expect((await failure(accountsOf(aws, { type: 'Account' }, newCall()))).code).toBe('provider_denied');
    delete faults['eu-west-1'];
    const ask = () => accountsOf(aws, { type: 'Account', region: 'us-east-1' }, newCall());
    const [one] = await Promise.all([ask(), ask(), ask()]);
    expect(one).toEqual([
      { type: 'Account', id: 'main', provider: 'aws', account: 'main', accountId: '123456789012', regions: ['us-east-1'], tags: {} },
    ]);
    await ask();
    expect(await aws.logSink.accountId()).toBe('123456789012');
    expect(asked).toBe(2);
  });

  it('says both numbers when ziggie.yaml names another account', async () => {
    const aws = sandboxAws({}, { accounts: [mainAccount({ accountId: '999999999999' })] });
    const error = await failure(accountsOf(aws, { type: 'Account' }, newCall()));
    expect(error.code).toBe('provider_not_configured');
    expect(error.message).toMatch(/999999999999.*123456789012/);
  });

  it('does not let one caller cancel the question of another', async () => {
    const aws = connect();
    const [leaving, staying] = [newCall(), newCall()];
    const first = failure(accountsOf(aws, { type: 'Account' }, leaving));
    const second = accountsOf(aws, { type: 'Account' }, staying);
    leaving.cancel();
    expect((await first).code).toBe('cancelled');
    expect(await second).toHaveLength(1);
  });

  it('does not start without an account for the audit', () => {
    expect(() => newAws({ audit: { account: 'other', region: 'eu-north-1', logGroup: 'x' } })).toThrow(/other/);
  });
});
