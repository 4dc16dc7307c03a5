import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { cursor, limit, zoneName } from '../fields.ts';

export const dnsListSnapshots = defineOperation('dns', {
  name: 'dns_list_snapshots',
  title: 'List DNS snapshots',
  description: 'Lists the snapshots that Hostinger took of a DNS zone at each change, newest first, for dns_restore_snapshot.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({ zone: zoneName, limit, cursor }),
  output: z.object({
    snapshots: z.array(z.object({ id: z.int(), createdAt: z.string(), reason: untrusted(z.string(), 200) })),
    nextCursor: z.string().optional(),
  }),
  entity: 'DnsZone',
  targets: ({ zone }) => [{ type: 'DnsZone', zone }],
  run: ({ dns }, [zone], { limit, cursor }, call) => dns.snapshots(zone, { limit, cursor }, call),
});
