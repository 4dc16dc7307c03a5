import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { recordName, recordType, relativeNames, zoneChange, zoneName } from '../fields.ts';

export const dnsDeleteRecords = defineOperation('dns', {
  name: 'dns_delete_records',
  title: 'Delete DNS records',
  description:
    'Deletes all values of the given names and types; to take single values away use dns_upsert_records with replace. Returns what went, and the snapshot that undoes it.',
  effect: 'destructive',
  retry: 'natural',
  iam: [],
  input: z.strictObject({
    zone: zoneName,
    records: z
      .array(z.strictObject({ name: recordName, type: recordType }))
      .min(1)
      .max(50),
  }),
  output: zoneChange,
  entity: 'DnsZone',
  check: relativeNames,
  targets: ({ zone, records }) => [{ type: 'DnsZone', zone, removal: { kind: 'records', records } }],
  run: ({ dns }, [zone], { records }, call) => dns.delete(zone, records, call),
});
