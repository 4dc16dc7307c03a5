import { setTimeout as pause } from 'node:timers/promises';
import type { GetQueryResultsCommandOutput, ResultField } from '@aws-sdk/client-cloudwatch-logs';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { LogsQuery, LogsResult } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { explained } from './logs-errors.ts';
import { fit } from './logs-rows.ts';

/** For stopping a query, which also has to work when the call is over. */
const stopTimeoutMs = 3_000;

/**
 * Runs a Logs Insights query and waits for it at most `call.waitMs`. A query that is not awaited to its end is stopped, because what it
 * scans is billed. Throws `CallError`: `invalid_input` for one that does not compile, `cancelled`.
 */
export async function runInsights(context: AwsContext, scope: Scope, query: LogsQuery, call: CallScope): Promise<LogsResult> {
  const { sender, pollMs } = context;
  const startedAt = Date.now();
  // A second is left for the reply to be recorded and sent.
  const until = Math.min(startedAt + call.waitMs, call.deadlineAt - 1_000);
  const queryId = await start(sender, scope, query, call);
  // No request ids: the query goes on record, not each look at it.
  const looking = { deadlineAt: Math.min(until + 5_000, call.deadlineAt), signal: call.signal, actor: call.actor, iam: call.iam };
  let seen: GetQueryResultsCommandOutput | undefined;
  let running = true;
  try {
    for (let round = 1; ; round += 1) {
      seen = (await look(sender, scope, queryId, looking)) ?? seen;
      running = !hasEnded(seen?.status);
      if (!running || Date.now() >= until) break;
      const { recordsMatched = 0, bytesScanned = 0 } = seen?.statistics ?? {};
      const seconds = Math.round((Date.now() - startedAt) / 1_000);
      call.progress(round, undefined, `${recordsMatched} events match, ${Math.round(bytesScanned / 1e6)} MB scanned (${seconds} s)`);
      await rest(Math.min(pollMs, until - Date.now()), call.signal);
    }
  } finally {
    if (running) await stop(sender, scope, queryId, call);
  }
  return toResult(seen, query, scope);
}

async function start(sender: Sender, scope: Scope, query: LogsQuery, call: CallScope): Promise<string> {
  const endTime = Math.floor(Date.now() / 1_000);
  const input = {
    logGroupName: query.group,
    queryString: query.query,
    startTime: endTime - query.minutes * 60,
    endTime,
    limit: query.limit,
  };
  // What it scans is billed, and only its id can stop it: it is neither sent twice nor given up while the id is on its way.
  const patient = { ...call, once: true, signal: call.signal.aborted ? call.signal : undefined };
  const asked = sender.ask('logs', scope, patient, (sdk) => new sdk.StartQueryCommand(input));
  return answered((await explained(asked, query, scope)).queryId, 'StartQuery');
}

/** Undefined when this look failed and the next may not. */
async function look(
  sender: Sender,
  scope: Scope,
  queryId: string,
  call: Pick<CallScope, 'deadlineAt' | 'signal' | 'actor' | 'iam'>,
): Promise<GetQueryResultsCommandOutput | undefined> {
  try {
    return await sender.ask('logs', scope, call, (sdk) => new sdk.GetQueryResultsCommand({ queryId }));
  } catch (error) {
    if (error instanceof CallError && error.details.retryable) return undefined;
    throw error;
  }
}

function hasEnded(status: string | undefined): boolean {
  return status === 'Complete' || status === 'Failed' || status === 'Cancelled' || status === 'Timeout';
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(Math.max(0, ms), undefined, { signal });
  } catch {
    throw new CallError('cancelled', 'The wait for the log query was cancelled, and the query was stopped.', {
      remedy: 'Nothing to do, unless it is still wanted: then call again.',
    });
  }
}

/** Best effort: it may have ended by itself, and otherwise AWS ends it after an hour. */
async function stop(sender: Sender, scope: Scope, queryId: string, { actor, iam }: CallScope): Promise<void> {
  const call = { deadlineAt: Date.now() + stopTimeoutMs, actor, iam };
  await sender.ask('logs', scope, call, (sdk) => new sdk.StopQueryCommand({ queryId })).catch(() => undefined);
}

function toResult(seen: GetQueryResultsCommandOutput | undefined, { limit }: LogsQuery, { region }: Scope): LogsResult {
  const status = seen?.status;
  if (status === 'Failed' || status === 'Cancelled') {
    throw new CallError('provider_rejected', `CloudWatch Logs ended the query: ${status}.`, {
      remedy:
        status === 'Failed'
          ? 'Query fewer minutes or simpler fields, then try again.'
          : 'Somebody stopped it. Query again if it is still wanted.',
      provider: { code: `Query${status}` },
      retryable: true,
    });
  }
  const { recordsMatched, bytesScanned } = seen?.statistics ?? {};
  return {
    region,
    status: status === 'Complete' ? 'complete' : 'timeout',
    ...fit((seen?.results ?? []).map(toRow), limit, false),
    ...(recordsMatched === undefined ? {} : { matched: recordsMatched }),
    ...(bytesScanned === undefined ? {} : { scannedBytes: bytesScanned }),
  };
}

/** `@ptr` is a handle for GetLogRecord, long and of no use to a reader. */
function toRow(fields: readonly ResultField[]): Record<string, string> {
  return Object.fromEntries(fields.flatMap(({ field, value }) => (field === undefined || field === '@ptr' ? [] : [[field, value ?? '']])));
}
