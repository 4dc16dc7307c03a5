import { join } from 'node:path';
import { type Audit, openAudit } from '../../src/audit/audit.ts';
import type { AuditEntry } from '../../src/ports/audit.ts';
import { createAws } from '../../src/providers/aws/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { answerMessages } from '../processes.ts';

export interface DeliveryCosts {
  readonly recordsPerSecond: number;
}
export interface OutageCosts {
  readonly appendedPerSecond: number;
  /** Resident memory and what JavaScript holds, after the records less before them. */
  readonly residentBytes: number;
  readonly heldBytes: number;
  readonly undelivered: number;
}

/** The journal with the real shipper before an endpoint on this machine. */
const [folder = '', port = ''] = process.argv.slice(2);
/** As many calls at once as make the journal write in groups; nobody waits longer than that. */
const atOnce = 500;

function open(name: string, endpoint: string): Promise<Audit> {
  const audit = { account: 'main', region: 'eu-north-1', logGroup: '/ziggie/infrastructure-audit' };
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const { logSink } = createAws({
    accounts: [{ name: 'main', credentials, regions: ['eu-north-1'] }],
    guard: createGuard(),
    endpoint,
    audit,
    sessionPolicy: () => '',
    storage: { maxShareMinutes: 60 },
    security: { sshRanges: [], generatedPolicies: async () => ({}) },
  });
  return openAudit({
    folder: join(folder, name),
    destination: { account: 'main', region: audit.region, endpoint, logGroup: audit.logGroup, mode: 'live' },
    version: 'bench',
    logSink,
    pruneAfterDays: 1,
  });
}

let made = 0;
/** An intent and its outcome, of the size that `instances_get` leaves. */
function nextEntry(): AuditEntry {
  made += 1;
  const phase = made % 2 === 1 ? 'intent' : 'outcome';
  const callId = `call_${Math.ceil(made / 2)
    .toString(36)
    .padStart(21, '0')}`;
  const entry: AuditEntry = {
    phase,
    callId,
    ts: new Date().toISOString(),
    principal: 'agent:agent-marcus',
    tool: 'instances_get',
    client: 'stdio bench/1.0.0',
    argsHash: '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8',
    targets: [{ type: 'Instance', id: 'i-0a1b2c3d4e5f60001', provider: 'aws', account: 'main', region: 'eu-north-1' }],
    decision: 'allow',
    policyIds: ['marcus-reads'],
    policySetHash: '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8',
    sandbox: false,
  };
  if (phase === 'intent') return { ...entry, args: { provider: 'aws', id: 'i-0a1b2c3d4e5f60001' } };
  return { ...entry, awsRequestIds: ['5a4d0b0c-0000-4000-8000-000000000001'], durationMs: 42, effect: 'none', outcome: 'success' };
}

async function append(audit: Audit, count: number): Promise<void> {
  for (let left = count; left > 0; left -= atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, left) }, () => audit.append(nextEntry())));
  }
}

async function deliver(records: number): Promise<DeliveryCosts> {
  const audit = await open('up', `http://127.0.0.1:${port}`);
  // The SDK is loaded and the stream made before the time counts.
  await append(audit, atOnce);
  await flushed(audit);
  await append(audit, records);
  const began = performance.now();
  await flushed(audit);
  const seconds = (performance.now() - began) / 1_000;
  await audit.close();
  return { recordsPerSecond: records / seconds };
}

async function flushed(audit: Audit): Promise<void> {
  if (!(await audit.flush(30_000))) throw new Error(`not delivered: ${audit.health().problem ?? 'too slow'}`);
}

async function sitOut(records: number): Promise<OutageCosts> {
  // Port 1 of the loopback: nobody listens, connections are refused at once.
  const audit = await open('down', 'http://127.0.0.1:1');
  audit.start();
  await append(audit, records / 5);
  await audit.flush(10_000);
  const before = held();
  const began = performance.now();
  await append(audit, records);
  const seconds = (performance.now() - began) / 1_000;
  const after = held();
  const { undelivered } = audit.health();
  await audit.close(1);
  return {
    appendedPerSecond: records / seconds,
    residentBytes: after.rss - before.rss,
    heldBytes: after.heapUsed + after.external - before.heapUsed - before.external,
    undelivered,
  };
}

function held(): NodeJS.MemoryUsage {
  if (!globalThis.gc) throw new Error('needs --expose-gc');
  globalThis.gc();
  return process.memoryUsage();
}

answerMessages(
  async ({ endpoint, records }: { endpoint: 'up' | 'down'; records: number }) => ({
    ...(await (endpoint === 'up' ? deliver(records) : sitOut(records))),
  }),
  () => undefined,
);
