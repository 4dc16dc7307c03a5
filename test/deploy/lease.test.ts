import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { leaseTtlMs, takeLease } from '../../src/deploy/lease.ts';
import { createRuns } from '../../src/deploy/runs.ts';
import type { DeploymentRow } from '../../src/ports/state.ts';
import { failure } from '../aws/harness.ts';
import { deployCall } from './world-calls.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const locked = () => {
  throw new Error('database is locked');
};

function leases() {
  return { takeLease: () => ({ token: 1 }), renewLease: vi.fn(() => true), releaseLease: vi.fn() };
}

it('a lease that cannot be renewed is kept for its time, and then counts as lost', () => {
  const store = leases();
  const lost = vi.fn();
  takeLease(store, 'l', 'me', Date.now, lost);
  store.renewLease.mockImplementation(locked);
  vi.advanceTimersByTime(leaseTtlMs);
  expect(lost).not.toHaveBeenCalled();
  store.renewLease.mockImplementation(() => true);
  vi.advanceTimersByTime(leaseTtlMs);
  store.renewLease.mockImplementation(locked);
  vi.advanceTimersByTime(leaseTtlMs);
  expect(lost).not.toHaveBeenCalled();
  vi.advanceTimersByTime(leaseTtlMs);
  expect(lost).toHaveBeenCalledTimes(1);
});

it('a lease that cannot be given back runs out', () => {
  const store = leases();
  const lease = takeLease(store, 'l', 'me', Date.now, () => {});
  if (!('token' in lease)) throw new Error('not taken');
  store.releaseLease.mockImplementation(locked);
  lease.release();
  vi.advanceTimersByTime(leaseTtlMs);
  expect(store.renewLease).not.toHaveBeenCalled();
});

it('what fails because its lease was lost is not recorded as failed, though the store is there again', async () => {
  const updateDeployment = vi.fn((..._: unknown[]) => true);
  const runs = createRuns({ store: { ...leases(), updateDeployment }, now: Date.now, mask: (text) => text });
  const hold = runs.hold('l', 'me');
  if (!hold) throw new Error('not taken');
  const row = { id: 'dep_1', steps: [] as DeploymentRow['steps'], status: 'running' } as DeploymentRow;
  const run = runs.start(row, hold, deployCall(), async (journal) => {
    await journal.step('verify', async () => {
      hold.abort.abort();
      throw new CallError('cancelled', 'Stopped.', { remedy: 'None.' });
    });
    return undefined;
  });
  expect(await failure(run)).toMatchObject({ details: { provider: { code: 'DeployTakenOver' } } });
  expect(JSON.stringify(updateDeployment.mock.calls)).not.toContain('failed');
});
