import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { server } from '../fields.ts';

export const vpsRestoreSnapshot = defineOperation('vps', {
  name: 'vps_restore_snapshot',
  title: 'Restore a snapshot or backup',
  description:
    'Puts a Hostinger server back to its snapshot, or to a backup: everything written since is lost, and the server is down meanwhile. Cannot be undone. Numbers of backups are in vps_list_snapshots.',
  effect: 'destructive',
  retry: 'never',
  iam: [],
  input: z.strictObject({ server, backup: z.int().min(1).optional().describe('Number; absent: the snapshot') }),
  output: z.object({ previous: z.string().optional().describe('Time that it went back to'), state: z.string() }),
  entity: 'Instance',
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server }],
  run: ({ vps }, [instance], { backup }, call) => vps.restoreSnapshot(instance, backup, call),
});
