/**
 * Invariant: a query reads the log group that it names, which is what policy decided on. Logs Insights' SOURCE command would read
 * others, or all of them, and is refused.
 */
import { z } from 'zod';
import { defineOperation, freeText, untrusted } from '../../call/operation.ts';
import { account, region } from '../fields.ts';

export const logsQuery = defineOperation('monitoring', {
  name: 'logs_query',
  title: 'Query logs',
  description:
    'Searches one CloudWatch log group: query in Logs Insights language (billed $0.005 per GB scanned), or pattern for simple words, newest first (free). Waits a limited time, then answers with what it has.',
  effect: 'read',
  retry: 'safe',
  iam: ['logs:StartQuery', 'logs:GetQueryResults', 'logs:StopQuery', 'logs:FilterLogEvents'],
  input: z.strictObject({
    group: z
      .string()
      .max(512)
      .regex(/^[\w./#-]+$/, 'expected the name of a log group')
      .describe('e.g. /aws/lambda/ziggie-report'),
    query: freeText(z.string().min(1).max(4_000)).optional(),
    pattern: freeText(z.string().max(1_024)).optional(),
    minutes: z.int().min(1).max(10_080).default(60).describe('Back from now'),
    limit: z.int().min(1).max(100).default(25),
    region: region.optional().describe('Default: the first'),
    account: account.optional(),
  }),
  output: z.object({
    region: z.string(),
    status: z.enum(['complete', 'timeout']),
    rows: untrusted(z.array(z.record(z.string(), z.string())), 2_000),
    note: z.string().optional(),
    matched: z.number().optional(),
    scannedBytes: z.number().optional(),
  }),
  entity: 'Account',
  check: ({ query, pattern }) => {
    if ((query === undefined) === (pattern === undefined)) return 'give either query or pattern';
    return namesItsSource(query ?? '') ? 'query: SOURCE is refused; name the log group in group' : undefined;
  },
  targets: ({ region, account }) => [{ type: 'Account', provider: 'aws', region, account }],
  run: ({ monitoring }, [target], { group, query, pattern, minutes, limit }, call) =>
    monitoring.logs(target, { group, query, pattern, minutes, limit }, call),
});

/**
 * Whether a SOURCE command may be in a query: the word where a command can start (the beginning, behind `|` or `(`, or on a new line),
 * unless what follows makes it a field of that name. Strings and patterns are not told apart, so that nothing can hide in them; a
 * query that is refused wrongly can write its field in backticks.
 */
function namesItsSource(query: string): boolean {
  return /(?:^|[|(\r\n])\s*source\b(?!\s*(?:[=!<>,)|*+%^-]|(?:like|in|not|as|asc|desc|and|or)\b|$))/i.test(query);
}
