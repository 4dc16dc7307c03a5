import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { cursor, limit, longestValue, recordName, recordType, zoneName } from '../fields.ts';

export const dnsListRecords = defineOperation('dns', {
  name: 'dns_list_records',
  title: 'List DNS records',
  description: 'Lists the records of a DNS zone at Hostinger, a row for each name and type, those of the zone itself (@) first.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({ zone: zoneName, name: recordName.optional(), type: recordType.optional(), limit, cursor }),
  output: z.object({
    records: z.array(
      z.object({
        name: untrusted(z.string(), 253),
        type: z.string(),
        ttl: z.int(),
        values: z.array(untrusted(z.string(), longestValue)),
        disabled: z.array(untrusted(z.string(), longestValue)).optional(),
      }),
    ),
    nextCursor: z.string().optional(),
  }),
  entity: 'DnsZone',
  targets: ({ zone }) => [{ type: 'DnsZone', zone }],
  run: ({ dns }, [zone], { name, type, limit, cursor }, call) => dns.records(zone, { name, type, limit, cursor }, call),
});
