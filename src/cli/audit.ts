import { searchJournals } from '../audit/search.ts';
import { verifyAudit } from '../audit/verify.ts';
import type { AuditQuery, AuditRecord } from '../ports/audit.ts';
import { createGuard } from '../resilience/guard.ts';
import { connectAws, journalFolder } from '../server.ts';
import { agentOf, type CommonOptions, settingsOf } from './context.ts';
import { exit, print, printJson, table } from './output.ts';

export async function tail(options: CommonOptions & { lines: number; json?: boolean }): Promise<void> {
  const { records } = await searchJournals(journalFolder(await settingsOf(options)), { limit: Math.max(1, options.lines) });
  show(records.toReversed(), options.json);
}

export async function search(
  options: CommonOptions & {
    agent?: string;
    tool?: string;
    call?: string;
    phase?: AuditRecord['phase'];
    error?: string;
    since?: string;
    until?: string;
    limit: number;
    json?: boolean;
  },
): Promise<void> {
  const settings = await settingsOf(options);
  const query: AuditQuery = {
    limit: Math.max(1, options.limit),
    ...(options.agent ? { principal: `agent:${agentOf(settings, options.agent).id}` } : {}),
    ...(options.tool ? { tool: options.tool } : {}),
    ...(options.call ? { callId: options.call } : {}),
    ...(options.phase ? { phase: options.phase } : {}),
    ...(options.error ? { errorCode: options.error } : {}),
    ...(options.since ? { since: options.since } : {}),
    ...(options.until ? { until: options.until } : {}),
  };
  show((await searchJournals(journalFolder(settings), query)).records, options.json);
}

/** Exit 1 on a gap, a wrong order, a bad hash or a missing outcome, naming the record. */
export async function verify(options: CommonOptions & { offline?: boolean; json?: boolean }): Promise<void> {
  const settings = await settingsOf(options);
  // The sandbox's CloudWatch is gone with the process that it ran in.
  const compare = !options.offline && !settings.sandbox;
  const verdict = await verifyAudit({
    folder: journalFolder(settings),
    ...(compare ? { logSink: (await connectAws(settings, createGuard())).logSink } : {}),
  });
  process.exitCode = verdict.ok ? exit.done : exit.failed;
  if (options.json) return printJson(verdict);
  for (const { writerId, seq, segment, line, problem } of verdict.problems) {
    print(
      `PROBLEM  ${[writerId, segment && `${segment}${line ? `:${line}` : ''}`, seq !== undefined && `record ${seq}`].filter(Boolean).join(' ')}: ${problem}`,
    );
  }
  for (const note of verdict.notes) print(`note     ${note}`);
  print(`${verdict.ok ? 'The record holds.' : 'The record does NOT hold.'} ${JSON.stringify(verdict.counts)}`);
}

function show(records: readonly AuditRecord[], json: boolean | undefined): void {
  if (json) {
    for (const record of records) printJson(record);
    return;
  }
  if (records.length === 0) {
    print('No records.');
    return;
  }
  print(
    table(
      records.map(({ ts, phase, principal, tool, targets = [], outcome, effect, errorCode, callId }) => [
        ts,
        phase,
        principal,
        tool,
        targets.map(({ type, id }) => `${type}:${id}`).join(' '),
        [outcome, effect && `effect ${effect}`, errorCode].filter(Boolean).join(', '),
        callId,
      ]),
    ),
  );
}
