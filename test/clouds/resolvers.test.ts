import { describe, expect, it } from 'vitest';
import { allResolvers } from '../../src/clouds/resolvers.ts';
import { sampleTarget } from '../../src/policy/entities.ts';
import type { EntityType, TargetRef } from '../../src/ports/domain.ts';
import { failure, newCall } from '../aws/harness.ts';

/** Which cloud is asked for what. Both are stubs that say who they are. */

const asked = (who: 'aws' | 'hostinger' | 'apps') =>
  new Proxy(
    {},
    {
      get: (_, type: EntityType) => async () => ({ targets: [sampleTarget(type, { account: who, id: who })] }),
    },
  ) as never;

const resolvers = (isHostingerSetUp = true) =>
  allResolvers({
    aws: asked('aws'),
    hostinger: asked('hostinger'),
    applications: async () => ({ targets: [sampleTarget('Application', { id: 'apps' }) as never] }),
    isHostingerSetUp,
  });
const who = async (ref: TargetRef, isSetUp = true) => {
  const resolve = resolvers(isSetUp)[ref.type as 'Account'];
  return (await resolve(ref as TargetRef<'Account'>, newCall())).targets.map(({ id }) => id);
};

describe('a reference', () => {
  it.each<[TargetRef, string[]]>([
    [{ type: 'Account' }, ['aws', 'hostinger']],
    [{ type: 'Account', provider: 'aws' }, ['aws']],
    [{ type: 'Account', provider: 'hostinger' }, ['hostinger']],
    [{ type: 'Account', account: 'hostinger' }, ['hostinger']],
    [{ type: 'Account', account: 'main' }, ['aws']],
    [{ type: 'Account', region: 'eu-north-1' }, ['aws']],
    [{ type: 'Instance', provider: 'aws', id: 'i-1' }, ['aws']],
    [{ type: 'Instance', provider: 'hostinger', id: '1' }, ['hostinger']],
    [{ type: 'DnsZone', zone: 'example.com' }, ['hostinger']],
    [{ type: 'Secret', name: 'ziggie/db' }, ['aws']],
    [{ type: 'Application', app: 'api' }, ['apps']],
  ])('%j goes to %j', async (ref, clouds) => {
    expect(await who(ref)).toEqual(clouds);
  });

  it('to everything leaves Hostinger out where it is not set up, but not when it is named', async () => {
    expect(await who({ type: 'Account' }, false)).toEqual(['aws']);
    expect(await who({ type: 'Account', provider: 'hostinger' }, false)).toEqual(['hostinger']);
  });

  it('to Hostinger has no region and no other account', async () => {
    for (const more of [{ region: 'eu-north-1' }, { account: 'main' }]) {
      const error = await failure(resolvers().Account({ type: 'Account', provider: 'hostinger', ...more }, newCall()));
      expect(error).toMatchObject({ code: 'invalid_input', details: { effect: 'none' } });
    }
  });

  it('names what of either could not be asked', async () => {
    const part = { provider: 'aws', account: 'main', code: 'timeout', message: 'late' } as const;
    const { Account } = allResolvers({
      aws: { Account: async () => ({ targets: [], unasked: [{ part, error: new Error('late') }] }) } as never,
      hostinger: asked('hostinger'),
      applications: async () => ({ targets: [] }),
      isHostingerSetUp: true,
    });
    expect(await Account({ type: 'Account' }, newCall())).toMatchObject({ targets: [{ id: 'hostinger' }], unasked: [{ part }] });
  });
});
