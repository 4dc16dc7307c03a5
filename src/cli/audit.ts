import { searchJournals } from '../audit/search.ts';
import { type AuditVerdict, verifyAudit } from '../audit/verify.ts';
import { noSession } from '../aws-later.ts';
import { CallError } from '../call/errors.ts';
import { resolveAgent } from '../config/load.ts';
import { connectAws } from '../connect-aws.ts';
import type { AuditQuery, AuditRecord } from '../ports/audit.ts';
import { createGuard } from '../resilience/guard.ts';
import { journalFolder } from '../server.ts';
import { type CommonOptions, settingsOf } from './context.ts';
import { CliError, exit, print, printJson, table } from './output.ts';

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
  for (const time of [options.since, options.until]) {
    if (time !== undefined && Number.isNaN(Date.parse(time)))
      throw new CliError(exit.usage, `"${time}" is not a time; write it like 2026-01-31T09:00:00Z.`);
  }
  const settings = await settingsOf(options);
  const query: AuditQuery = {
    limit: Math.max(1, options.limit),
    ...(options.agent ? { principal: `agent:${resolveAgent(settings, options.agent)?.id ?? options.agent}` } : {}),
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
  const folder = journalFolder(settings);
  const verdict = compare
    ? await verifyAudit({ folder, logSink: (await connectAws(settings, createGuard(), noSession)).logSink }).catch((error) =>
        verifyAlone(folder, error),
      )
    : await verifyAudit({ folder });
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

/** CloudWatch could not be asked: the journal is checked all the same, and the verdict says that it is half of one. */
async function verifyAlone(folder: string, error: unknown): Promise<AuditVerdict> {
  if (!(error instanceof CallError)) throw error;
  const verdict = await verifyAudit({ folder });
  const problem = `could not be compared with CloudWatch: ${error.message} ${error.details.remedy}`;
  return { ...verdict, ok: false, problems: [...verdict.problems, { writerId: '-', problem }] };
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
