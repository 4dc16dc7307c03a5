import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Machines } from '../../src/providers/hostinger/machines/index.ts';
import { vpsCreateSnapshot } from '../../src/tools/vps/create-snapshot.ts';
import { vpsListSnapshots } from '../../src/tools/vps/list-snapshots.ts';
import { vpsRestoreSnapshot } from '../../src/tools/vps/restore-snapshot.ts';
import { failure, newCall, resolved } from '../aws/harness.ts';
import { find, first, machinesOver, second, status, targetOf } from './machines-world.ts';
import { apiFor, type Stub, startStub } from './stub.ts';

let stub: Stub;
let machines: Machines;
beforeEach(async () => {
  stub = await startStub();
  machines = machinesOver(apiFor(stub));
});
afterEach(() => stub.close());

describe('metrics', () => {
  it('are few numbers in the words of all clouds', async () => {
    const { series, periodSeconds, start, incomplete } = await machines.port.metrics(
      await targetOf(machines, first),
      { hours: 168 },
      newCall(),
    );
    expect(series.map(({ metric, unit }) => `${metric} ${unit}`)).toEqual([
      'CPUUtilization Percent',
      'MemoryUsed Bytes',
      'DiskUsed Bytes',
      'NetworkIn Bytes',
      'NetworkOut Bytes',
    ]);
    for (const { values, latest = -1, min = -1, max = -1 } of series) {
      expect(values.length).toBeGreaterThan(50);
      expect(values.length).toBeLessThanOrEqual(60);
      expect(min).toBeLessThanOrEqual(latest);
      expect(latest).toBeLessThanOrEqual(max);
    }
    expect(periodSeconds % 300).toBe(0);
    expect(start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
    expect(incomplete).toBeUndefined();
  });

  it('put each value into its period, and leave a gap where there is none', async () => {
    const machine = await targetOf(machines, first);
    const end = Math.ceil(Date.now() / 300_000) * 300;
    const usage = { [end - 1_500]: 10, [end - 1_450]: 20, [end - 300]: 40, [end - 10_000]: 1_000 };
    stub.fail(/metrics/, status(200, { cpu_usage: { unit: '%', usage }, ram_usage: { unit: 'bytes', usage: [] } }));
    const { series, start, incomplete } = await machines.port.metrics(machine, { hours: 1 }, newCall());
    expect(series[0]).toEqual({
      metric: 'CPUUtilization',
      unit: 'Percent',
      statistic: 'Average',
      values: [15, null, null, null, 40],
      latest: 40,
      min: 10,
      max: 40,
    });
    expect(start).toBe(`${new Date((end - 1_500) * 1_000).toISOString().slice(0, 16)}Z`);
    expect(incomplete).toEqual(['MemoryUsed', 'DiskUsed', 'NetworkIn', 'NetworkOut'].map((metric) => `${metric} (nothing reported)`));
  });

  it('of a machine that reports nothing are empty', async () => {
    const machine = await targetOf(machines, first);
    stub.fail(/metrics/, status(200, {}));
    const { series, start } = await machines.port.metrics(machine, { hours: 1 }, newCall());
    expect(series.every(({ values }) => values.length === 0)).toBe(true);
    expect(start).toBeUndefined();
  });
});

describe('snapshots', () => {
  const snapshots = () => machines.snapshots;

  it('are listed with the backups, newest first', async () => {
    const { snapshot, backups } = await snapshots().snapshots(await targetOf(machines, first), newCall());
    expect(snapshot?.createdAt).toMatch(/Z$/);
    expect(snapshot?.expiresAt).toMatch(/Z$/);
    expect(backups.map(({ id }) => id)).toEqual([12_680_542, 12_680_541]);
    expect(await snapshots().snapshots(await targetOf(machines, second), newCall())).not.toHaveProperty('snapshot');
  });

  it('are not listed in part: a list of backups that changed meanwhile is a failure to try again', async () => {
    const machine = await targetOf(machines, first);
    const data = [{ id: 1, created_at: '2026-11-20T12:00:00Z' }];
    stub.fail(/backups/, status(200, { data: [...data, ...data], meta: { current_page: 1, per_page: 50, total: 2 } }));
    const error = await failure(snapshots().snapshots(machine, newCall()));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
  });

  it.each([[{}], [null], [[]], [{ created_at: null }]])('none is none, also when Hostinger says %j', async (body) => {
    stub.fail(/snapshot/, status(200, body));
    expect(await snapshots().snapshots(await targetOf(machines, first), newCall())).not.toHaveProperty('snapshot');
  });

  it('a new one says which it overwrote, and a dry run takes none', async () => {
    const machine = await targetOf(machines, first);
    const before = (await snapshots().snapshots(machine, newCall())).snapshot?.createdAt ?? '';
    const dry = await snapshots().createSnapshot(machine, newCall({ dryRun: true }));
    expect(dry.plan?.change.snapshot).toContain(`the one of ${before} is lost`);
    expect(stub.count(/^POST/)).toBe(0);
    const call = newCall();
    expect(await snapshots().createSnapshot(machine, call)).toEqual({ previous: before, state: 'done' });
    expect(call.attempts).toEqual(['applied']);
    expect((await snapshots().snapshots(machine, newCall())).snapshot?.createdAt).not.toBe(before);
  });

  it('the first one overwrites nothing, and what takes long goes on', async () => {
    const machine = await targetOf(machines, second);
    expect(await snapshots().createSnapshot(machine, newCall({ waitMs: 0 }))).toEqual({ state: 'under way' });
  });

  it('are sent once', async () => {
    stub.fail(/^POST/, status(503));
    expect(await failure(snapshots().createSnapshot(await targetOf(machines, first), newCall()))).toMatchObject({
      code: 'provider_unavailable',
    });
    expect(stub.count(/^POST/)).toBe(1);
  });

  it('are restored, and so are backups by their number', async () => {
    const machine = await targetOf(machines, first);
    const { snapshot, backups } = await snapshots().snapshots(machine, newCall());
    expect(await snapshots().restoreSnapshot(machine, undefined, newCall())).toEqual({ previous: snapshot?.createdAt, state: 'done' });
    const [newest] = backups;
    const dry = await snapshots().restoreSnapshot(machine, newest?.id, newCall({ dryRun: true }));
    expect(dry.plan?.change.data).toContain(newest?.createdAt);
    expect(await snapshots().restoreSnapshot(machine, newest?.id, newCall())).toEqual({ previous: newest?.createdAt, state: 'done' });
    expect(stub.requests.filter(({ method }) => method === 'POST').map(({ target }) => target.split('1268054/')[1])).toEqual([
      'snapshot/restore',
      `backups/${newest?.id}/restore`,
    ]);
  });

  it('that are not there cannot be restored, and nothing is sent', async () => {
    expect(await failure(snapshots().restoreSnapshot(await targetOf(machines, second), undefined, newCall()))).toMatchObject({
      code: 'provider_not_found',
    });
    // Of another machine.
    expect(await failure(snapshots().restoreSnapshot(await targetOf(machines, second), 12_680_542, newCall()))).toMatchObject({
      code: 'provider_not_found',
    });
    expect(stub.count(/^POST/)).toBe(0);
  });

  it('need a server that Hostinger knows', async () => {
    const offline = resolved(await find(machines, 'elsewhere', { offline: true }));
    expect(await failure(snapshots().snapshots(offline, newCall()))).toMatchObject({ code: 'provider_not_configured' });
  });

  it('are reached by tools that say what they destroy', () => {
    expect([vpsListSnapshots, vpsCreateSnapshot, vpsRestoreSnapshot].map(({ effect, retry }) => `${effect} ${retry}`)).toEqual([
      'read safe',
      'destructive never',
      'destructive never',
    ]);
    expect(vpsRestoreSnapshot.targets({ server: 'ziggie-main', backup: 1 }, { kind: 'agent', id: 'a', teams: [], toolsets: [] })).toEqual([
      { type: 'Instance', provider: 'hostinger', id: 'ziggie-main' },
    ]);
    expect(vpsRestoreSnapshot.input.safeParse({ server: '../x' }).success).toBe(false);
  });
});
