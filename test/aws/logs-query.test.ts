import { createHash } from 'node:crypto';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogsQuery } from '../../src/ports/monitoring.ts';
import { logsQuery } from '../../src/tools/monitoring/logs-query.ts';
import { errorOf, outputOf } from '../call/harness.ts';
import { accountsOf, failure, newAws, newCall, resolved } from './harness.ts';
import { type MonitoringStub, type StubAnswer, startMonitoringStub } from './monitoring-stub.ts';
import { roadOver } from './road.ts';

let stub: MonitoringStub;
let aws: ReturnType<typeof newAws>;
beforeAll(async () => {
  stub = await startMonitoringStub();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.requests.length = 0;
  aws = newAws({ endpoint: stub.endpoint });
});

const group = '/aws/lambda/ziggie-report';
const insights: LogsQuery = { group, query: 'fields @message', minutes: 60, limit: 2 };
const filter: LogsQuery = { group, pattern: 'ERROR', minutes: 60, limit: 2 };

async function ask(query: LogsQuery, call = newCall()) {
  const [account] = await accountsOf(aws, { type: 'Account' }, newCall());
  if (!account) throw new Error('no account');
  return aws.monitoring.logs(resolved(account), query, call);
}

function results(status: string, ...messages: string[]): StubAnswer {
  const rows = messages.map((value) => [
    { field: '@message', value },
    { field: '@ptr', value: 'CmEKJgoi' },
  ]);
  return { json: { status, results: rows, statistics: { recordsMatched: messages.length, bytesScanned: 2_500_000, recordsScanned: 9 } } };
}
const started: StubAnswer = { json: { queryId: 'q-1' } };
const stopped: StubAnswer = { json: { success: true } };

describe('a query', () => {
  it('is looked at until it is complete, with progress', async () => {
    stub.answer({
      StartQuery: started,
      GetQueryResults: (_, before) =>
        before === 0 ? results('Scheduled') : before === 1 ? results('Running', 'a') : results('Complete', 'a', 'b'),
    });
    const call = newCall();
    expect(await ask(insights, call)).toEqual({
      region: 'eu-north-1',
      status: 'complete',
      rows: [{ '@message': 'a' }, { '@message': 'b' }],
      matched: 2,
      scannedBytes: 2_500_000,
    });
    expect(call.messages).toEqual([expect.stringMatching(/^0 events match/), expect.stringMatching(/^1 events match, 3 MB scanned/)]);
    expect(stub.sent('StopQuery')).toEqual([]);
    const [input] = stub.sent('StartQuery') as [{ startTime: number; endTime: number }];
    expect(input).toMatchObject({ logGroupName: group, queryString: 'fields @message', limit: 2 });
    expect(input.endTime - input.startTime).toBe(3_600);
  });

  it('that takes too long is stopped, and gives the rows so far', async () => {
    stub.answer({ StartQuery: started, GetQueryResults: results('Running', 'a'), StopQuery: stopped });
    expect(await ask(insights, newCall({ waitMs: 20 }))).toMatchObject({ status: 'timeout', rows: [{ '@message': 'a' }] });
    // A look every five milliseconds: many more than these would mean that it waited on.
    expect(stub.sent('GetQueryResults').length).toBeLessThan(30);
    expect(stub.sent('StopQuery')).toEqual([{ queryId: 'q-1' }]);
  });

  it('that is cancelled is stopped', async () => {
    stub.answer({
      StartQuery: started,
      GetQueryResults: () => {
        call.cancel();
        return results('Running');
      },
      StopQuery: stopped,
    });
    const call = newCall();
    expect((await failure(ask(insights, call))).code).toBe('cancelled');
    expect(stub.sent('StopQuery')).toEqual([{ queryId: 'q-1' }]);
  });

  it('is started once and no more, whatever becomes of the answer', async () => {
    stub.answer({ StartQuery: { error: 'InternalFailure', status: 500 } });
    expect((await failure(ask(insights))).code).toBe('provider_unavailable');
    expect(stub.sent('StartQuery')).toHaveLength(1);
  });

  it('that is cancelled while it is being started is stopped', async () => {
    const call = newCall();
    stub.answer({
      StartQuery: () => {
        call.cancel();
        return started;
      },
      StopQuery: stopped,
    });
    expect((await failure(ask(insights, call))).code).toBe('cancelled');
    expect(stub.sent('StopQuery')).toEqual([{ queryId: 'q-1' }]);
  });

  it('that was cancelled before is not started', async () => {
    const call = newCall();
    call.cancel();
    expect((await failure(ask(insights, call))).code).toBe('cancelled');
    expect(stub.requests).toEqual([]);
  });

  it('that is cancelled between two looks is stopped, through the road', async () => {
    stub.answer({ StartQuery: started, GetQueryResults: results('Running'), StopQuery: stopped });
    aws = newAws({ endpoint: stub.endpoint, pollMs: 60_000 });
    const road = await roadOver(aws);
    try {
      const abort = new AbortController();
      const result = road.call('logs_query', { group, query: 'fields @message' }, { signal: abort.signal, progress: () => abort.abort() });
      expect(errorOf(await result)).toMatchObject({ code: 'cancelled', effect: 'none' });
      expect(stub.sent('StopQuery')).toEqual([{ queryId: 'q-1' }]);
    } finally {
      await road.close();
    }
  });

  it('goes on when one look fails', async () => {
    stub.answer({
      StartQuery: started,
      // Three attempts of the SDK make one look.
      GetQueryResults: (_, before) => (before < 3 ? { error: 'ThrottlingException' } : results('Complete', 'a')),
    });
    expect(await ask(insights)).toMatchObject({ status: 'complete', rows: [{ '@message': 'a' }] });
  });

  it('whose results nobody may read is stopped, and says so', async () => {
    stub.answer({ StartQuery: started, GetQueryResults: { error: 'AccessDeniedException' }, StopQuery: stopped });
    expect((await failure(ask(insights))).code).toBe('provider_denied');
    expect(stub.sent('StopQuery')).toHaveLength(1);
  });

  it.each(['Failed', 'Cancelled'])('that CloudWatch ends itself (%s) is an error', async (status) => {
    stub.answer({ StartQuery: started, GetQueryResults: results(status) });
    const error = await failure(ask(insights));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: `Query${status}` } } });
    expect(stub.sent('StopQuery')).toEqual([]);
  });

  it('that CloudWatch gave up gives the rows so far', async () => {
    stub.answer({ StartQuery: started, GetQueryResults: results('Timeout', 'a') });
    expect(await ask(insights)).toMatchObject({ status: 'timeout', rows: [{ '@message': 'a' }] });
    expect(stub.sent('StopQuery')).toEqual([]);
  });

  it('with a syntax error says where, and what is there', async () => {
    const location = { startCharOffset: 9, endCharOffset: 15 };
    stub.answer({
      StartQuery: { error: 'MalformedQueryException', more: { queryCompileError: { message: 'unexpected symbol', location } } },
    });
    const error = await failure(ask({ ...insights, query: 'fields a fieldz @message' }));
    expect(error).toMatchObject({
      code: 'invalid_input',
      details: { provider: { code: 'MalformedQueryException', message: 'as the service says' } },
    });
    expect(error.message).toBe('Logs Insights does not understand the query at character 9, at "fieldz".');
    expect(error.details.remedy).toMatch(/separated by \|/);
  });

  it('with a syntax error that has no place is told all the same', async () => {
    stub.answer({ StartQuery: { error: 'MalformedQueryException' } });
    expect((await failure(ask(insights))).message).toBe('Logs Insights does not understand the query.');
  });

  it('of a group that is not there names it', async () => {
    stub.answer({ StartQuery: { error: 'ResourceNotFoundException' } });
    const error = await failure(ask(insights));
    expect(error).toMatchObject({ code: 'target_unresolved', message: `There is no log group ${group} in main/eu-north-1.` });
  });

  it('beyond the limit of concurrent ones waits its turn', async () => {
    stub.answer({ StartQuery: { error: 'LimitExceededException' } });
    expect(await failure(ask(insights))).toMatchObject({ code: 'provider_throttled', details: { retryable: true, retryAfterMs: 5_000 } });
  });

  it('gives no more rows than asked, and no more text than a reply can take', async () => {
    const long = 'x'.repeat(10_000);
    stub.answer({ StartQuery: started, GetQueryResults: results('Complete', ...Array.from({ length: 100 }, () => long)) });
    expect((await ask(insights)).rows).toHaveLength(2);
    const { rows, note } = await ask({ ...insights, limit: 100 });
    expect(rows).toHaveLength(4);
    expect(note).toBe(`${100 - rows.length} rows were left out, because the reply would be too long: choose fewer fields or rows.`);
    const road = await roadOver(aws);
    try {
      const output = outputOf(await road.call('logs_query', { group, query: 'fields @message', limit: 100 }));
      expect(JSON.stringify(output).length).toBeLessThan(9_500);
    } finally {
      await road.close();
    }
  });
});

it('gives a reply below 5,000 tokens, even of ids', async () => {
  const digest = (index: number) => createHash('sha256').update(String(index)).digest('hex');
  const ids = Array.from({ length: 100 }, (_, index) => `START RequestId: ${digest(index)} ${digest(-index)}`);
  stub.answer({ StartQuery: started, GetQueryResults: results('Complete', ...ids) });
  expect(encode(JSON.stringify(await ask({ ...insights, limit: 100 }))).length).toBeLessThan(5_000);
  stub.answer({
    StartQuery: started,
    GetQueryResults: results('Complete', ...Array.from({ length: 100 }, () => '接続が拒否されました。'.repeat(20))),
  });
  expect(encode(JSON.stringify(await ask({ ...insights, limit: 100 }))).length).toBeLessThan(5_000);
});

describe('a pattern', () => {
  const event = (timestamp: number, message: string) => ({ timestamp, message, logStreamName: 's' });

  it('is searched for over empty pages, until there are enough', async () => {
    stub.answer({
      FilterLogEvents: (_, before) => ({
        json: { events: before === 2 ? [event(1_000, 'a'), event(3_000, 'c'), event(2_000, 'b')] : [], nextToken: `t-${before}` },
      }),
    });
    const call = newCall();
    expect(await ask(filter, call)).toEqual({
      region: 'eu-north-1',
      status: 'complete',
      rows: [
        { '@timestamp': '1970-01-01T00:00:03.000Z', '@logStream': 's', '@message': 'c' },
        { '@timestamp': '1970-01-01T00:00:02.000Z', '@logStream': 's', '@message': 'b' },
      ],
      note: 'More matches: raise limit, or narrow time or filter.',
    });
    expect(call.messages).toHaveLength(2);
    expect(stub.sent('FilterLogEvents')).toMatchObject([
      { filterPattern: 'ERROR', logGroupName: group, startFromHead: false },
      { nextToken: 't-0' },
      { nextToken: 't-1' },
    ]);
  });

  it('that is searched for too long gives what there is', async () => {
    stub.answer({ FilterLogEvents: { json: { events: [], nextToken: 'again' } } });
    expect(await ask(filter, newCall({ waitMs: 20 }))).toEqual({ region: 'eu-north-1', status: 'timeout', rows: [] });
  });

  it('that cannot be read is the fault of the caller', async () => {
    stub.answer({ FilterLogEvents: { error: 'InvalidParameterException' } });
    const error = await failure(ask(filter));
    expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('pattern') });
    expect(error.details.remedy).toMatch(/double quotes/);
  });
});

describe('the tool', () => {
  const check = (input: object) => logsQuery.check?.({ group, minutes: 60, limit: 25, ...input });

  it('takes a query or a pattern', () => {
    expect(check({})).toMatch(/either/);
    expect(check({ query: 'a', pattern: 'b' })).toMatch(/either/);
    expect(check({ query: 'fields @message' })).toBeUndefined();
    expect(check({ pattern: '' })).toBeUndefined();
  });

  it.each([
    'SOURCE logGroups()',
    ' source logGroups(namePrefix: ["/"]) | fields @message',
    'fields @message | SOURCE "/aws/other"',
    'fields @message |\n\t source\nlogGroups()',
    '# harmless\nSOURCE logGroups()',
    'SOURCE# hidden\n logGroups()',
    'fields a | join type=inner left=l right=r where l.a=r.a (SOURCE logGroups() | fields a) ',
    "filter @message like /it's/ | SOURCE logGroups() | filter a like 'x'",
    'SOURCE\u00a0logGroups()',
  ])('refuses to leave the group: %j', (query) => {
    expect(check({ query })).toMatch(/SOURCE is refused/);
  });

  it.each([
    'fields source, @message',
    'filter source = "aws.ec2"',
    'filter (source = "aws.ec2") or (source like /x/)',
    'fields @timestamp,\n source,\n detail',
    'stats count(*) by (source)',
    'filter eventSource = "ec2.amazonaws.com" | fields resource',
    'fields `source` as s',
  ])('leaves fields of that name alone: %j', (query) => {
    expect(check({ query })).toBeUndefined();
  });

  it('refuses other groups before policy or provider are asked', async () => {
    const road = await roadOver(aws);
    try {
      expect(errorOf(await road.call('logs_query', { group, query: 'SOURCE logGroups()' })).code).toBe('invalid_input');
      expect(stub.requests).toEqual([]);
    } finally {
      await road.close();
    }
  });
});
