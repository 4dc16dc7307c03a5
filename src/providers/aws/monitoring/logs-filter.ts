import type { FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { LogsQuery, LogsResult } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { explained } from './logs-errors.ts';
import { fit } from './logs-rows.ts';

/**
 * The newest events that match a filter pattern, with the fields that Logs Insights gives them. Pages may be empty long before the
 * search is over, so it goes on until there are enough, there is no more, or `call.waitMs` is over. Throws `CallError`.
 */
export async function filterLogs(sender: Sender, scope: Scope, query: LogsQuery, call: CallScope): Promise<LogsResult> {
  const until = Math.min(Date.now() + call.waitMs, call.deadlineAt - 1_000);
  const endTime = Date.now();
  const input = {
    logGroupName: query.group,
    filterPattern: query.pattern,
    startTime: endTime - query.minutes * 60_000,
    endTime,
    limit: query.limit,
    startFromHead: false,
  };
  const events: FilteredLogEvent[] = [];
  let nextToken: string | undefined;
  let late = false;
  for (let page = 1; ; page += 1) {
    const asked = sender.ask('logs', scope, call, (sdk) => new sdk.FilterLogEventsCommand({ ...input, nextToken }));
    const reply = await explained(asked, query, scope);
    events.push(...answered(reply.events, 'FilterLogEvents'));
    nextToken = reply.nextToken;
    if (!nextToken || events.length >= query.limit) break;
    late = Date.now() >= until;
    if (late) break;
    call.progress(page, undefined, `${events.length} events match so far`);
  }
  const newestFirst = events.sort((a, b) => (b.timestamp ?? 0) - (a.timestamp ?? 0));
  return { region: scope.region, status: late ? 'timeout' : 'complete', ...fit(newestFirst.map(toRow), query.limit, !late && !!nextToken) };
}

function toRow({ timestamp = 0, logStreamName = '', message = '' }: FilteredLogEvent): Record<string, string> {
  return { '@timestamp': new Date(timestamp).toISOString(), '@logStream': logStreamName, '@message': message };
}
