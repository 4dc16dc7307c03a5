import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { zoneChange, zoneName } from '../fields.ts';

export const dnsRestoreSnapshot = defineOperation('dns', {
  name: 'dns_restore_snapshot',
  title: 'Restore a DNS snapshot',
  description:
    'Puts a whole DNS zone back to a snapshot of dns_list_snapshots; every later change is lost. Use dryRun first to see the difference.',
  effect: 'destructive',
  retry: 'never',
  iam: [],
  input: z.strictObject({ zone: zoneName, snapshot: z.int().min(1) }),
  output: zoneChange,
  entity: 'DnsZone',
  targets: ({ zone, snapshot }) => [{ type: 'DnsZone', zone, removal: { kind: 'snapshot', id: snapshot } }],
  run: ({ dns }, [zone], { snapshot }, call) => dns.restore(zone, snapshot, call),
});
