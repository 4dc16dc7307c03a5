import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { server } from '../fields.ts';

export const vpsCreateSnapshot = defineOperation('vps', {
  name: 'vps_create_snapshot',
  title: 'Take a snapshot',
  description:
    'Takes a snapshot of a Hostinger server. There is only one: the previous one, whose time is in the answer, is lost. Free, takes minutes; expires by itself. See what would be lost with dryRun.',
  effect: 'destructive',
  retry: 'never',
  iam: [],
  input: z.strictObject({ server }),
  output: z.object({ previous: z.string().optional().describe('Time of the one overwritten'), state: z.string() }),
  entity: 'Instance',
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server }],
  run: ({ vps }, [instance], _input, call) => vps.createSnapshot(instance, call),
});
