import { beforeAll, describe, expect, it } from 'vitest';
import type { FunctionRow } from '../../src/ports/functions.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { functionOf } from './functions-support.ts';
import { accountsOf, failure, newCall, resolved } from './harness.ts';

/** Where a counterpart is not like AWS; what moto does not do at all is covered over the stub of `functions-support.ts`. */
export interface FunctionsDifferences {
  /** Whether a function does something of its own: has a version, a log, an error. moto answers with what it was sent. */
  readonly runs: boolean;
}

export const functionsDifferences = { sandbox: { runs: true }, moto: { runs: false } } as const satisfies Record<
  string,
  FunctionsDifferences
>;

/** Functions that the counterpart has to have: `ziggie-report` (tagged, with an alias `live` and a variable), and two more, one without the prefix. */
export function describeFunctions(where: string, connect: () => Promise<AwsProvider>, like: FunctionsDifferences): void {
  describe(`functions over ${where}`, () => {
    let aws: AwsProvider;
    beforeAll(async () => {
      aws = await connect();
    });
    const report = () => functionOf(aws, { name: 'ziggie-report' });

    it('resolves a function with its tags', async () => {
      expect(await report()).toMatchObject({
        id: 'ziggie-report',
        name: 'ziggie-report',
        account: 'main',
        accountId: '123456789012',
        region: 'eu-north-1',
        tags: { Project: 'Ziggie' },
      });
      const error = await failure(functionOf(aws, { name: 'ziggie-nothing' }));
      expect(error).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'ResourceNotFoundException' } } });
      expect(error.details.remedy).toContain('functions_list');
    });

    it('gets the details, of variables their names alone', async () => {
      const detail = await aws.functions.get(await report(), newCall());
      expect(detail).toMatchObject({
        name: 'ziggie-report',
        account: 'main',
        memoryMb: 256,
        timeoutSeconds: 30,
        handler: 'index.handler',
        environmentVariables: ['REPORT_BUCKET'],
        logGroup: '/aws/lambda/ziggie-report',
        tags: { Project: 'Ziggie' },
      });
      expect(detail.modifiedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect(Object.keys(detail.aliases ?? {})).toEqual(['live']);
      expect(JSON.stringify(detail)).not.toContain('ziggie-deployments');
    });

    const all = async (limit: number, prefix?: string) => {
      const accounts = (await accountsOf(aws, { type: 'Account' }, newCall())).map((each) => resolved(each));
      const rows: FunctionRow[] = [];
      let cursor: string | undefined;
      do {
        const page = await aws.functions.list(accounts, { limit, ...(prefix ? { prefix } : {}), ...(cursor ? { cursor } : {}) }, newCall());
        expect(page.functions.length).toBeLessThanOrEqual(limit);
        rows.push(...page.functions);
        cursor = page.nextCursor;
      } while (cursor);
      return rows;
    };

    it.each([1, 2, 100])('lists everything once, %i at a time, by prefix too', async (limit) => {
      const names = (await all(limit)).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(['ziggie-report', 'legacy-import']));
      const ours = (await all(limit, 'ziggie-')).map(({ name }) => name);
      expect(ours).toEqual(names.filter((name) => name.startsWith('ziggie-')));
    });

    it('invokes, once, and tells what came back', async () => {
      const call = newCall();
      const payload = { month: '2026-01', count: 2 };
      const result = await aws.functions.invoke(await report(), { payload, mode: 'sync' }, call);
      expect(call.attempts).toEqual(['applied']);
      if (!like.runs) return void expect(result).toEqual({ outcome: 'succeeded', result: payload });
      expect(result).toEqual({
        outcome: 'succeeded',
        version: '$LATEST',
        result: { ok: true, fields: 2 },
        logTail: expect.stringContaining('INFO ziggie-report done'),
        billedMs: 12,
      });
      expect((await aws.functions.invoke(await report(), { mode: 'sync', qualifier: 'live' }, newCall())).version).toBe('3');
    });

    it('queues', async () => {
      const call = newCall();
      expect(await aws.functions.invoke(await report(), { payload: { a: 1 }, mode: 'async' }, call)).toEqual({ outcome: 'queued' });
      expect(call.attempts).toEqual(['applied']);
    });

    it('plans with the dry run of Lambda, and invokes nothing', async () => {
      const call = newCall({ dryRun: true });
      expect(await aws.functions.invoke(await report(), { payload: { a: 1 }, mode: 'async', qualifier: 'live' }, call)).toEqual({
        plan: {
          current: { name: 'ziggie-report', runtime: expect.any(String) },
          change: { invoke: 'async', qualifier: 'live', payloadBytes: '7' },
          providerChecked: true,
        },
      });
      expect(call.attempts).toEqual([]);
    });
  });
}
