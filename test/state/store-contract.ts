import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateStore } from '../../src/ports/state.ts';

/**
 * What every `StateStore` must do. `open` gives another connection to the same state, as another process would have.
 */
export function storeContract(name: string, place: () => { open: () => StateStore; done: () => void }): void {
  describe(name, () => {
    let here: StateStore;
    let there: StateStore;
    let done: () => void;
    beforeEach(() => {
      const made = place();
      here = made.open();
      there = made.open();
      done = made.done;
    });
    afterEach(() => {
      here.close();
      there.close();
      done();
    });
    const limits = { callsPerMinute: 3, callsAtOnce: 2 };

    it('admits by minute and by slot, over all connections', () => {
      expect(here.admit('a', 'c1', limits, 1_000, 9_000)).toEqual({ admitted: true });
      expect(there.admit('a', 'c2', limits, 2_000, 9_000)).toEqual({ admitted: true });
      expect(here.admit('a', 'c3', limits, 3_000, 9_000)).toMatchObject({ admitted: false, reason: 'concurrency' });
      expect(here.admit('b', 'c4', limits, 3_000, 9_000)).toEqual({ admitted: true });
      there.release('c1');
      expect(here.admit('a', 'c3', limits, 4_000, 9_000)).toEqual({ admitted: true });
      // Calls are counted by second, so the wait may be up to a second longer than to the very millisecond.
      expect(there.admit('a', 'c5', limits, 9_001, 20_000)).toEqual({ admitted: false, reason: 'rate', retryAfterMs: 51_999 });
      expect(there.admit('a', 'c5', limits, 61_001, 90_000)).toEqual({ admitted: true });
    });

    it('does not count what a clock that was set back makes lie ahead', () => {
      const one = { callsPerMinute: 1, callsAtOnce: 5 };
      expect(here.admit('a', 'c1', one, 90_000_000, 90_100_000)).toEqual({ admitted: true });
      expect(here.admit('a', 'c2', one, 90_000_500, 90_100_000)).toMatchObject({ reason: 'rate' });
      expect(there.admit('a', 'c3', one, 1_000_000, 1_100_000)).toEqual({ admitted: true });
    });

    const row = { id: 'apr_1', bindingHash: 'h', binding: '{}', requester: 'a', tool: 't', createdAt: 1, expiresAt: 1_000 };

    it('decides an approval once, and gives it to one claimer', () => {
      here.createApproval(row);
      expect(there.findApprovals('h', 10)).toMatchObject([{ id: 'apr_1', status: 'pending' }]);
      expect(here.claimApproval('apr_1', 'c1', 10)).toBeUndefined();
      expect(there.decideApproval('apr_1', { status: 'approved', approver: 'alice', signature: 's', now: 10 })).toBe(true);
      expect(here.decideApproval('apr_1', { status: 'rejected', approver: 'bob', now: 11 })).toBe(false);
      expect(here.claimApproval('apr_1', 'c1', 20)).toMatchObject({ status: 'consumed', approver: 'alice', signature: 's', callId: 'c1' });
      expect(there.claimApproval('apr_1', 'c2', 20)).toBeUndefined();
      expect(here.findApprovals('h', 20)).toEqual([]);
      there.giveBackApproval('apr_1', 'c2');
      expect(here.claimApproval('apr_1', 'c3', 21)).toBeUndefined();
      there.giveBackApproval('apr_1', 'c1');
      expect(here.claimApproval('apr_1', 'c3', 22)).toMatchObject({ callId: 'c3' });
    });

    it('decides and claims nothing that has expired', () => {
      here.createApproval(row);
      expect(here.decideApproval('apr_1', { status: 'approved', approver: 'alice', now: 1_000 })).toBe(false);
      expect(here.decideApproval('apr_1', { status: 'approved', approver: 'alice', now: 999 })).toBe(true);
      expect(here.claimApproval('apr_1', 'c1', 1_000)).toBeUndefined();
      expect(here.listApprovals({ now: 1_000 })).toEqual([]);
      expect(here.listApprovals({ status: 'approved', now: 999 })).toHaveLength(1);
    });

    it('forgets a request a day after it expired', () => {
      here.createApproval(row);
      const dayLater = row.expiresAt + 24 * 3_600_000;
      here.createApproval({ ...row, id: 'apr_2', createdAt: dayLater, expiresAt: dayLater + 1_000 });
      expect(there.getApproval('apr_1')).toMatchObject({ id: 'apr_1' });
      here.createApproval({ ...row, id: 'apr_3', createdAt: dayLater + 1, expiresAt: dayLater + 1_000 });
      expect(there.getApproval('apr_1')).toBeUndefined();
      expect(there.getApproval('apr_2')).toMatchObject({ id: 'apr_2' });
    });

    it('claims an idempotency key once and tells the others what became of it', () => {
      expect(here.claimIdempotency('a', 'k', 'x', 'c1', 100, 200)).toEqual({ state: 'claimed' });
      expect(there.claimIdempotency('a', 'k', 'x', 'c2', 150, 250)).toEqual({ state: 'running', callId: 'c1' });
      expect(there.peekIdempotency('a', 'k', 'x', 201)).toEqual({ state: 'lost', callId: 'c1' });
      expect(there.peekIdempotency('a', 'k', 'y', 150)).toEqual({ state: 'mismatch', callId: 'c1' });
      expect(there.peekIdempotency('b', 'k', 'x', 150)).toBeUndefined();
      there.finishIdempotency('a', 'k', 'c2', 'not mine');
      there.dropIdempotency('a', 'k', 'c2');
      expect(here.peekIdempotency('a', 'k', 'x', 150)).toEqual({ state: 'running', callId: 'c1' });
      here.finishIdempotency('a', 'k', 'c1', '{"ok":true}');
      expect(there.claimIdempotency('a', 'k', 'x', 'c3', 300, 400)).toEqual({ state: 'done', callId: 'c1', outcome: '{"ok":true}' });
      here.dropIdempotency('a', 'k', 'c1');
      expect(there.peekIdempotency('a', 'k', 'x', 300)).toMatchObject({ state: 'done' });
      expect(there.claimIdempotency('a', 'k', 'z', 'c4', 300 + 24 * 3_600_000, 9e9)).toEqual({ state: 'claimed' });
    });

    it('knows a token until it is revoked', () => {
      here.addToken('tok_1', 'hash', 'a', 5);
      expect(there.findToken('hash')).toEqual({ id: 'tok_1', agent: 'a', createdAt: 5 });
      expect(there.revokeToken('tok_1', 6)).toBe(true);
      expect(here.revokeToken('tok_1', 7)).toBe(false);
      expect(here.listTokens()).toEqual([{ id: 'tok_1', agent: 'a', createdAt: 5, revokedAt: 6 }]);
    });

    it('remembers what an agent was shown, newest first, and keeps a bounded number', () => {
      here.rememberSeen('a', [{ type: 'Instance', id: 'aws/i-1', label: 'web_1' }], 1);
      here.rememberSeen('a', [{ type: 'Instance', id: 'aws/i-2', label: 'api' }], 2);
      expect(there.seen('a', 'Instance', 'aws/i-', 10).map(({ id }) => id)).toEqual(['aws/i-2', 'aws/i-1']);
      expect(there.seen('a', 'Instance', 'web_', 10)).toHaveLength(1);
      expect(there.seen('a', 'Instance', 'web%', 10)).toEqual([]);
      expect(there.seen('b', 'Instance', '', 10)).toEqual([]);
      const many = Array.from({ length: 1_100 }, (_, index) => ({ type: 'Instance', id: `aws/x-${index}`, label: 'x' }));
      here.rememberSeen('a', many, 3);
      expect(there.seen('a', 'Instance', '', 5_000).length).toBe(1_000);
    });

    it('gives a lease to one holder, with a token above every one before', () => {
      expect(here.takeLease('deploy:web:aws', 'one', 1_000, 30_000)).toEqual({ token: 1 });
      expect(there.takeLease('deploy:web:aws', 'two', 2_000, 30_000)).toEqual({ heldBy: 'one', until: 31_000 });
      expect(here.takeLease('deploy:api:aws', 'two', 2_000, 30_000)).toEqual({ token: 1 });
      expect(here.renewLease('deploy:web:aws', 1, 20_000, 30_000)).toBe(true);
      expect(there.takeLease('deploy:web:aws', 'two', 49_999, 30_000)).toEqual({ heldBy: 'one', until: 50_000 });
      expect(there.takeLease('deploy:web:aws', 'two', 50_000, 30_000)).toEqual({ token: 2 });
      expect(here.renewLease('deploy:web:aws', 1, 50_001, 30_000)).toBe(false);
      here.releaseLease('deploy:web:aws', 1);
      expect(here.takeLease('deploy:web:aws', 'three', 50_002, 30_000)).toMatchObject({ heldBy: 'two' });
      there.releaseLease('deploy:web:aws', 2);
      expect(here.takeLease('deploy:web:aws', 'three', 50_003, 30_000)).toEqual({ token: 3 });
    });

    const deployment = {
      id: 'dep_1',
      app: 'web',
      provider: 'hostinger',
      targetHash: 'h',
      kind: 'deploy',
      version: 'v1',
      digest: 'd',
      previous: '',
      actor: 'a',
      callId: 'c1',
      status: 'running',
      serving: '',
      steps: [{ step: 'plan', startedAt: 1 }],
      startedAt: 1,
    } as const;
    const lease = (token: number) => ({ name: 'deploy:web:hostinger', token });

    it('lets only the newest holder of the lease write a deployment', () => {
      expect(here.createDeployment(deployment, lease(1))).toBe(false);
      here.takeLease(lease(1).name, 'one', 0, 10);
      expect(here.createDeployment(deployment, lease(1))).toBe(true);
      expect(there.getDeployment('dep_1')).toEqual(deployment);
      // Run out, and taken by nobody: still its own.
      expect(there.updateDeployment('dep_1', lease(1), { serving: 'v0', previous: 'v0' })).toBe(true);
      there.takeLease(lease(1).name, 'two', 10, 10);
      expect(here.updateDeployment('dep_1', lease(1), { status: 'done' })).toBe(false);
      expect(here.createDeployment({ ...deployment, id: 'dep_2' }, lease(1))).toBe(false);
      const end = { status: 'done', serving: 'v1', steps: [], endedAt: 9, message: 'm' } as const;
      expect(there.updateDeployment('dep_1', lease(2), end)).toBe(true);
      expect(here.getDeployment('dep_1')).toEqual({ ...deployment, ...end, previous: 'v0' });
      expect(here.getDeployment('dep_2')).toBeUndefined();
    });

    it('lists deployments newest first, by what is asked, page by page', () => {
      here.takeLease(lease(1).name, 'one', 0, 10);
      for (const [index, app] of ['web', 'api', 'web', 'web'].entries()) {
        here.createDeployment(
          { ...deployment, id: `dep_${index}`, app, version: `v${index}`, status: index < 3 ? 'done' : 'running' },
          lease(1),
        );
      }
      const ids = (filter: Parameters<StateStore['listDeployments']>[0]) => there.listDeployments(filter).map(({ id }) => id);
      expect(ids({ limit: 2 })).toEqual(['dep_3', 'dep_2']);
      expect(ids({ limit: 2, before: 'dep_2' })).toEqual(['dep_1', 'dep_0']);
      expect(ids({ app: 'web', limit: 9 })).toEqual(['dep_3', 'dep_2', 'dep_0']);
      expect(ids({ app: 'web', version: 'v2', limit: 9 })).toEqual(['dep_2']);
      expect(ids({ status: 'running', limit: 9 })).toEqual(['dep_3']);
      expect(ids({ provider: 'aws', limit: 9 })).toEqual([]);
      expect(ids({ limit: 9, before: 'unknown' })).toEqual([]);
    });
  });
}
