import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceTarget, Resolved } from '../../../ports/domain.ts';
import type { SnapshotChange, VpsSnapshots } from '../../../ports/vps.ts';
import type { AskScope, HostingerApi, HostingerRequest } from '../api/index.ts';
import { readAll } from '../api/lists.ts';
import { numberOf } from './read.ts';
import { action as actionShape, backup as backupShape, snapshot as snapshotShape } from './shapes.ts';
import { type Waiting, waitForAction } from './wait.ts';

/** The one snapshot that there may be, and the backups, newest first. Throws `CallError`. */
export async function readSnapshots(api: HostingerApi, machine: number, call: AskScope): Promise<VpsSnapshots> {
  const [snapshot, rows] = await Promise.all([
    readSnapshot(api, machine, call),
    readAll(api, { tool: 'VPS_getBackupsV1', path: { virtualMachineId: machine } }, backupShape, ({ id }) => id, call),
  ]);
  const backups = rows
    .map(({ id, created_at, location }) => ({ id, createdAt: created_at, ...(location ? { location } : {}) }))
    .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  return { ...(snapshot ? { snapshot } : {}), backups };
}

async function readSnapshot(api: HostingerApi, machine: number, call: AskScope): Promise<VpsSnapshots['snapshot']> {
  try {
    const answer = await api.ask({ tool: 'VPS_getSnapshotV1', path: { virtualMachineId: machine } }, snapshotShape, call);
    if (!answer || Array.isArray(answer) || typeof answer.created_at !== 'string') return undefined;
    const expiresAt = answer.expires_at;
    return { createdAt: answer.created_at, ...(typeof expiresAt === 'string' ? { expiresAt } : {}) };
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

/** Overwrites the snapshot that there is, whose time is told. Throws `CallError`. */
export async function createSnapshot(context: Waiting, target: Resolved<InstanceTarget>, call: CallScope): Promise<SnapshotChange> {
  const machine = numberOf(target);
  const before = await readSnapshot(context.api, machine, call);
  const previous = before ? { previous: before.createdAt } : {};
  if (call.dryRun) {
    const current = { snapshot: before?.createdAt ?? 'none' };
    const change = { snapshot: before ? `taken now; the one of ${before.createdAt} is lost` : 'taken now' };
    return { ...previous, state: 'planned', plan: { current, change, providerChecked: false } };
  }
  const request = { tool: 'VPS_createSnapshotV1', path: { virtualMachineId: machine } } as const;
  return { ...previous, state: await act(context, machine, request, `snapshot of ${target.name}`, call) };
}

/** Puts the machine back to its snapshot, or to a backup. Throws `CallError`, `provider_not_found` when there is none. */
export async function restoreSnapshot(
  context: Waiting,
  target: Resolved<InstanceTarget>,
  backup: number | undefined,
  call: CallScope,
): Promise<SnapshotChange> {
  const machine = numberOf(target);
  const { snapshot, backups } = await readSnapshots(context.api, machine, call);
  const source = backup === undefined ? snapshot : backups.find(({ id }) => id === backup);
  const what = backup === undefined ? 'snapshot' : `backup ${backup}`;
  if (!source) {
    throw new CallError('provider_not_found', `${target.name} has no ${what}. Nothing was sent.`, {
      remedy: 'vps_list_snapshots shows what there is.',
    });
  }
  const previous = source.createdAt;
  if (call.dryRun) {
    const plan = {
      current: { state: target.state },
      change: { data: `all of it as of ${previous}, from ${what}` },
      providerChecked: false,
    };
    return { previous, state: 'planned', plan };
  }
  const request: HostingerRequest =
    backup === undefined
      ? { tool: 'VPS_restoreSnapshotV1', path: { virtualMachineId: machine } }
      : { tool: 'VPS_restoreBackupV1', path: { virtualMachineId: machine, backupId: backup } };
  return { previous, state: await act(context, machine, request, `restoration of ${what} of ${target.name}`, call) };
}

/** Sent once: another one would start all over. */
async function act(context: Waiting, machine: number, request: HostingerRequest, what: string, call: CallScope): Promise<string> {
  const accepted = await context.api.change(request, actionShape, 'never', call);
  return (await waitForAction(context, machine, accepted, what, call)) ? 'done' : 'under way';
}
