import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { server } from '../fields.ts';

export const vpsListSnapshots = defineOperation('vps', {
  name: 'vps_list_snapshots',
  title: 'List snapshots',
  description:
    'The one snapshot of a Hostinger server, if any, and its weekly or daily backups, newest first. Look here before vps_create_snapshot or vps_restore_snapshot.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({ server }),
  output: z.object({
    snapshot: z.object({ createdAt: z.string(), expiresAt: z.string().optional() }).optional(),
    backups: z.array(z.object({ id: z.int(), createdAt: z.string(), location: untrusted(z.string(), 100).optional() })),
  }),
  entity: 'Instance',
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server }],
  run: ({ vps }, [instance], _input, call) => vps.snapshots(instance, call),
});
