import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compilePolicies } from '../../src/policy/check.ts';
import { createEngine } from '../../src/policy/engine.ts';
import { buildSchema } from '../../src/policy/schema.ts';
import { known, open, operations, permitAll, policy, question } from './fixtures.ts';

vi.mock('@cedar-policy/cedar-wasm/nodejs', { spy: true });

afterEach(() => {
  vi.resetAllMocks();
});

const noWrites = policy('no-writes', 'forbid(principal, action in Ziggie::Action::"Write", resource);');

function idsPreparsed(): Set<string> {
  return new Set(vi.mocked(cedar.preparsePolicySet).mock.calls.map(([id]) => id));
}

describe('trap 8: every new preparsed id leaks', () => {
  it('reuses one id over reloads, and over opening again', async () => {
    vi.mocked(cedar.preparsePolicySet).mockClear();
    const { policy: opened, folder } = await open(permitAll);
    for (let round = 0; round < 5; round++) {
      writeFileSync(join(folder, 'policy.cedar'), permitAll + (round % 2 ? '' : noWrites));
      expect(await opened.reload()).toEqual({ ok: true, problems: [] });
      expect((await opened.decide(question())).allow).toBe(round % 2 === 1);
    }
    opened.close();
    await vi.waitFor(async () => expect((await opened.decide(question())).allow).toBe(false));
    const again = await open(permitAll);
    expect((await again.policy.decide(question())).allow).toBe(true);
    expect(vi.mocked(cedar.preparsePolicySet).mock.calls.length).toBeGreaterThanOrEqual(9);
    // One for the set, and one for each tool.
    expect(idsPreparsed().size).toBe(1 + operations.length);
  });

  it('keeps two policy sets that are open at once apart, even if one before them was closed twice', async () => {
    const earlier = createEngine(cedar, buildSchema(operations), new Map(), { warn: () => undefined });
    earlier.close();
    earlier.close();
    expect(earlier.decide(question()).allow).toBe(false);
    const permissive = await open(permitAll);
    const strict = await open(permitAll + noWrites);
    expect((await permissive.policy.decide(question())).allow).toBe(true);
    expect((await strict.policy.decide(question())).allow).toBe(false);
  });
});

describe('the self-test', () => {
  /** As if the schema had not reached Cedar: groups match nothing, forbids stay silent. */
  function silenceForbids() {
    vi.mocked(cedar.statefulIsAuthorized).mockReturnValue({
      type: 'success',
      response: { decision: 'allow', diagnostics: { reason: ['everything'], errors: [] } },
      warnings: [],
    });
  }

  it('stops the start when a known forbid does not fire', async () => {
    silenceForbids();
    await expect(open(permitAll)).rejects.toThrow('self-test failed');
  });

  it('makes every decision a deny when the start needed no Cedar', async () => {
    const first = await open(permitAll);
    first.policy.close();
    silenceForbids();
    const second = await open(permitAll, { folder: first.folder, cacheFile: first.cacheFile });
    const answer = await second.policy.decide(question());
    expect(answer).toMatchObject({ allow: false, policyIds: [] });
    expect(second.policy.status().status).toBe('failed');
    await expect(second.policy.warm()).rejects.toThrow('self-test failed');
  });

  it('runs before any decision', async () => {
    const { policy: opened } = await open(permitAll);
    const before = vi.mocked(cedar.statefulIsAuthorized).mock.calls.length;
    expect(before).toBeGreaterThan(0);
    await opened.decide(question());
    expect(vi.mocked(cedar.statefulIsAuthorized).mock.calls.length).toBe(before + 1);
  });
});

describe('the start', () => {
  it('needs no Cedar when the policies were validated before', async () => {
    const first = await open(permitAll + noWrites);
    vi.mocked(cedar.validate).mockClear();
    vi.mocked(cedar.preparsePolicySet).mockClear();
    vi.mocked(cedar.isAuthorizedPartial).mockClear();
    const second = await open('', { folder: first.folder, cacheFile: first.cacheFile });
    const who = question().principal;
    expect(second.policy.visibleTools(who)).toEqual(first.policy.visibleTools(who));
    expect(second.policy.hash()).toBe(first.policy.hash());
    for (const call of [cedar.validate, cedar.preparsePolicySet, cedar.isAuthorizedPartial]) expect(call).not.toHaveBeenCalled();
    expect(await second.policy.decide(question())).toMatchObject({ allow: false, policyIds: ['no-writes'] });
  });
});

describe('every question', () => {
  it('goes to Cedar with the schema and is validated', async () => {
    const { policy: opened } = await open(permitAll);
    await opened.decide(question());
    expect(cedar.statefulIsAuthorized).toHaveBeenLastCalledWith(
      expect.objectContaining({ validateRequest: true, preparsedSchemaName: expect.stringContaining('ziggie') }),
    );
  });

  it('on a target of another type does not go to Cedar at all', async () => {
    const { policy: opened, warnings } = await open(permitAll);
    const before = vi.mocked(cedar.statefulIsAuthorized).mock.calls.length;
    expect((await opened.decide(question({}, { target: { type: 'System', id: 'access', tags: {} } }))).allow).toBe(false);
    expect(vi.mocked(cedar.statefulIsAuthorized).mock.calls.length).toBe(before);
    expect(warnings).toMatchObject([{ reason: 'target is not of type Instance' }]);
  });

  it('after closing is a deny, also for the engine itself', async () => {
    const policies = compilePolicies(cedar, buildSchema(operations), [{ file: 'policy.cedar', text: permitAll }], known);
    const engine = createEngine(cedar, buildSchema(operations), policies, { warn: () => undefined });
    expect(engine.decide(question()).allow).toBe(true);
    engine.close();
    expect(engine.decide(question()).allow).toBe(false);
  });
});

describe('cutting a file into policies', () => {
  it('is held against what Cedar counts, so that no forbid gets lost', async () => {
    vi.mocked(cedar.policySetTextToParts).mockReturnValueOnce({ type: 'success', policies: ['', '', ''], policy_templates: [] });
    await expect(open(permitAll + noWrites)).rejects.toThrow('does not read as a list of policies');
  });
});

describe('Cedar failing', () => {
  it('is a deny, whatever way it fails', async () => {
    const { policy: opened, warnings } = await open(permitAll);
    vi.mocked(cedar.statefulIsAuthorized).mockImplementationOnce(() => {
      throw new Error('unreachable');
    });
    expect((await opened.decide(question())).allow).toBe(false);
    vi.mocked(cedar.statefulIsAuthorized).mockReturnValueOnce({ type: 'failure', errors: [], warnings: [] });
    expect((await opened.decide(question())).allow).toBe(false);
    expect(warnings).toHaveLength(2);
    expect((await opened.decide(question())).allow).toBe(true);
  });
});
