import { z } from 'zod';
import { defineOperation, freeText } from '../../call/operation.ts';
import { longestValue, recordName, recordType, relativeNames, zoneChange, zoneName } from '../fields.ts';

/** One line: a zone file would read what follows a line break as a record of its own. */
const value = freeText(
  z
    .string()
    .min(1)
    .max(longestValue)
    .regex(/^\P{Cc}+$/u, 'expected one line'),
);

/** A week at most (RFC 8767, 4). */
const ttl = z.int().min(60).max(604_800);

export const dnsUpsertRecords = defineOperation('dns', {
  name: 'dns_upsert_records',
  title: 'Set DNS records',
  description:
    'Adds values to records and sets TTLs; with replace, values of the same name and type that are not given go away. Returns the difference, and the snapshot that undoes it (dns_restore_snapshot). Taking values from NS or @ may need approval.',
  effect: 'write',
  retry: 'natural',
  iam: [],
  input: z.strictObject({
    zone: zoneName,
    records: z
      .array(z.strictObject({ name: recordName, type: recordType, ttl: ttl.optional(), values: z.array(value).min(1).max(50) }))
      .min(1)
      .max(50),
    replace: z.boolean().default(false),
  }),
  output: zoneChange,
  entity: 'DnsZone',
  check: relativeNames,
  targets: ({ zone, records, replace }) => [
    {
      type: 'DnsZone',
      zone,
      ...(replace ? { removal: { kind: 'records', records: records.map(({ name, type, values }) => ({ name, type, but: values })) } } : {}),
    },
  ],
  run: ({ dns }, [zone], { records, replace }, call) => dns.upsert(zone, records, replace, call),
});
