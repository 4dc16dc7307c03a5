import { expect, it } from 'vitest';
import type { Settings } from '../src/config/load.ts';
import { healthProbes } from '../src/health.ts';
import type { ReportRow } from '../src/ports/state.ts';
import { newCall } from './aws/harness.ts';

/** What health_check says of the report that the server mails by itself. */

const lastMonth = () => {
  const first = new Date();
  first.setUTCDate(0);
  return first.toISOString().slice(0, 7);
};

function probeOf(row: Partial<ReportRow> | undefined, costs: object = { mail: {}, recipients: ['cfo@example.com'] }) {
  const month = lastMonth();
  const kept: ReportRow = { id: `scheduled ${month}`, month, to: [], status: 'waiting', attempts: 0, nextAt: 0, ...row };
  const probes = healthProbes({
    settings: { aws: { accounts: [] }, hostinger: { isSetUp: false, servers: [] }, costs } as unknown as Settings,
    store: { report: (id) => (row && id === kept.id ? kept : undefined) },
    audit: undefined as never,
    policy: undefined as never,
    guard: undefined as never,
    aws: undefined as never,
    hostinger: undefined as never,
  });
  return probes.find(({ name }) => name === 'cost reports')?.probe(newCall());
}

it.each([
  ['there is none', undefined],
  ['it was sent', { status: 'sent', attempts: 3, problem: 'down' }],
  ['it has not been tried', {}],
] as const)('all is well where %s', async (_, row) => {
  expect(await probeOf(row)).toEqual({ status: 'ok' });
});

it('says that it waits, why, and for what', async () => {
  expect(await probeOf({ attempts: 2, problem: 'The password.', nextAt: Date.parse('2026-11-01T00:15:20Z') })).toEqual({
    status: 'degraded',
    detail: `The report of ${lastMonth()} was not sent, and is tried again from 2026-11-01T00:15Z on. The password.`,
  });
});

it('says that it was given up', async () => {
  expect(await probeOf({ status: 'failed', attempts: 75, problem: 'No such user.' })).toEqual({
    status: 'degraded',
    detail: `The report of ${lastMonth()} was not sent, and was given up. No such user.`,
  });
});

it.each([
  ['no way to send', { recipients: ['cfo@example.com'] }],
  ['nobody to send to', { mail: {}, recipients: [] }],
])('says nothing with %s', (_, costs) => {
  expect(probeOf({ status: 'failed' }, costs)).toBeUndefined();
});
