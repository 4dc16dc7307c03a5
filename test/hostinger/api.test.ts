import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CallError } from '../../src/call/errors.ts';
import { readPages } from '../../src/providers/hostinger/api/lists.ts';
import { type HostingerTool, operationOf, operations } from '../../src/providers/hostinger/api/operations.ts';
import { requestPath } from '../../src/providers/hostinger/api/request-path.ts';
import { failure, newCall } from '../aws/harness.ts';
import { officialTools, violations } from './official.ts';
import { anything, listing, status, stop, stopping } from './requests.ts';
import { apiFor, exampleToken, type Fault, type Stub, startStub } from './stub.ts';

let stub: Stub;
beforeEach(async () => {
  stub = await startStub();
});
afterEach(() => stub.close());

describe('the table of operations', () => {
  it.each(Object.keys(operations) as HostingerTool[])('%s is as the official tools have it', (tool) => {
    const official = officialTools.find(({ name }) => name === tool);
    expect(operationOf(tool)).toMatchObject({ method: official?.method, template: official?.path });
    expect(operationOf(tool).group).toBe(tool.split('_')[0]?.toLowerCase());
  });

  it('has nothing that buys, deletes a machine or sets a password', () => {
    expect(
      Object.keys(operations).filter((tool) => /purchase|order|password|recreate|setup|payment|deleteFirewall|reset/i.test(tool)),
    ).toEqual([]);
  });

  it('has nothing that nobody sends', () => {
    const root = join(import.meta.dirname, '../../src/providers/hostinger');
    const senders = globSync('{billing,dns,machines}/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
    expect(Object.keys(operations).filter((tool) => !senders.some((text) => text.includes(`'${tool}'`)))).toEqual([]);
  });

  it('is held against requests that are none: the check itself sees them', () => {
    expect(violations({ method: 'DELETE', target: '/api/vps/v1/virtual-machines/1', body: undefined })).toHaveLength(1);
    expect(violations({ method: 'POST', target: '/api/vps/v1/virtual-machines/x/stop', body: undefined })[0]).toMatch(/no integer/);
    expect(violations({ method: 'GET', target: '/api/vps/v1/virtual-machines/1/metrics?date_from=a', body: undefined })[0]).toMatch(
      /date_to is missing/,
    );
    expect(
      violations({ method: 'PUT', target: '/api/dns/v1/zones/a.example', body: { zone: [{ name: 'x', records: [], type: 'ZZ' }] } })[0],
    ).toMatch(/not one of/);
    expect(violations({ method: 'GET', target: '/api/vps/v1/virtual-machines?page=1', body: undefined })[0]).toMatch(
      /page is no parameter/,
    );
  });
});

describe('paths', () => {
  const badIds = ['..', '.', '%2e%2e', '1/..', '1268054', '', ' ', '1;2', 1.5, -1, 0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60];
  it.each(badIds)('%s is no number of a machine, and nothing is sent', async (virtualMachineId) => {
    const request = { tool: 'VPS_getVirtualMachineDetailsV1', path: { virtualMachineId } } as const;
    const error = await failure(apiFor(stub).ask(request, anything, newCall()));
    expect(error.code).toBe('invalid_input');
    expect(stub.requests).toHaveLength(0);
  });

  it('a parameter stays the one segment that it was written for', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.domain(), fc.constantFrom('..', 'a.example/..', '%2e%2e', 'a..example')),
        (domain) => {
          let path: string;
          try {
            path = requestPath({ tool: 'DNS_getDNSRecordsV1', path: { domain } });
          } catch (error) {
            return error instanceof CallError && error.code === 'invalid_input';
          }
          const { pathname, search, hash } = new URL(path, 'http://stub');
          return pathname === `/api/dns/v1/zones/${domain}` && search === '' && hash === '';
        },
      ),
    );
  });
});

describe('the token', () => {
  const nowhere = (error: CallError) => {
    for (const text of [
      inspect(error, { depth: 20, showHidden: true }),
      JSON.stringify(error),
      error.stack ?? '',
      inspect(error.cause, { depth: 20 }),
    ]) {
      expect(text).not.toContain(exampleToken);
    }
  };

  it('is in no error, whatever goes wrong', async () => {
    const faults: Fault[] = [
      ...[302, 400, 401, 403, 404, 409, 418, 422, 423, 429, 500, 503].map((code) =>
        status(
          code,
          { message: `no: Bearer ${exampleToken}`, correlation_id: 'c-7', errors: { authorization: [exampleToken] } },
          { 'retry-after': '0' },
        ),
      ),
      { kind: 'text', status: 200, text: `<html>${exampleToken}` },
      { kind: 'text', status: 502, text: `<html>${exampleToken}` },
      { kind: 'reset-after', acts: false },
    ];
    for (const fault of faults) {
      stub.fail(/./, fault, fault, fault, fault);
      nowhere(await failure(stopping(apiFor(stub), 'natural')));
      stub.heal();
    }
    nowhere(await failure(listing(apiFor({ url: 'http://127.0.0.1:1' }))));
  });

  it('is read anew when it is not accepted, and the request sent once more', async () => {
    let token = 'old';
    const refused: string[] = [];
    const api = apiFor(stub, {
      token: async () => token,
      refreshToken: async (notAccepted) => {
        refused.push(notAccepted);
        token = exampleToken;
        return true;
      },
    });
    const call = newCall();
    await expect(stopping(api, 'never', call)).resolves.toMatchObject({ name: 'ct_stop' });
    expect(refused).toEqual(['old']);
    expect(call.attempts).toEqual(['refused', 'applied']);
  });

  it('that stays refused is said with the settings that hold it', async () => {
    const error = await failure(listing(apiFor(stub, { token: async () => 'old', refreshToken: async () => false })));
    expect(error).toMatchObject({ code: 'provider_denied', message: 'Hostinger does not accept the API token.' });
    expect(error.details.remedy).toMatch(/HOSTINGER_API_TOKEN/);
    expect(stub.requests).toHaveLength(1);
  });

  it.each(['', 'two words', 'line\nbreak', 'ключ'])('%j is no token and goes nowhere', async (token) => {
    expect(await failure(listing(apiFor(stub, { token: async () => token })))).toMatchObject({ code: 'provider_not_configured' });
    expect(stub.requests).toHaveLength(0);
  });
});

describe('answers', () => {
  it.each([
    [400, 'provider_rejected'],
    [403, 'provider_denied'],
    [404, 'provider_not_found'],
    [409, 'provider_conflict'],
    [418, 'provider_rejected'],
    [422, 'provider_rejected'],
    [423, 'provider_conflict'],
    [302, 'provider_unavailable'],
  ])('HTTP %i is %s, asked once, and a change of none or unknown effect', async (code, expected) => {
    stub.fail(/./, status(code, { message: 'Because.', correlation_id: 'c-42' }));
    const call = newCall();
    const error = await failure(stopping(apiFor(stub), 'natural', call));
    expect(error.code).toBe(expected);
    expect(error.details.provider).toEqual({ code: `HTTP ${code}`, message: 'Because.', requestId: 'c-42', status: code });
    expect(call.requestIds).toEqual(['c-42']);
    expect(call.ledger.effect()).toBe(code === 302 ? 'unknown' : 'none');
    expect(stub.requests).toHaveLength(1);
  });

  it('of 422 name the fields, and some say error in place of message', async () => {
    stub.fail(/./, status(422, { message: 'Invalid.', errors: { zone: ['is too long', 'is odd'], 'zone.0.ttl': ['is low'] } }));
    expect((await failure(listing(apiFor(stub)))).details.provider?.message).toBe('Invalid.; zone: is too long is odd; zone.0.ttl: is low');
    stub.fail(/./, status(400, { error: 'Odd.' }));
    expect((await failure(listing(apiFor(stub)))).details.provider?.message).toBe('Odd.');
  });

  it.each<[string, Fault]>([
    ['a page of a proxy', { kind: 'text', status: 200, text: '<html>Log in</html>' }],
    ['broken JSON', { kind: 'text', status: 200, text: '[{"id": 1' }],
    ['another shape', status(200, { data: [] })],
    ['a member of another kind', status(200, [{ id: 'one' }])],
  ])('that are %s are unreadable, and leave open what a change did', async (_, fault) => {
    stub.fail(/./, fault);
    expect(await failure(listing(apiFor(stub)))).toMatchObject({
      code: 'provider_unavailable',
      details: { provider: { code: 'UnreadableReply' } },
    });
    stub.fail(/./, fault);
    const call = newCall();
    await failure(apiFor(stub).change(stop, z.looseObject({ id: z.int(), name: z.string() }), 'natural', call));
    expect(call.attempts).toEqual(['unknown']);
    expect(stub.requests).toHaveLength(2);
  });

  it('that are pages of HTML with an error keep their status', async () => {
    stub.fail(/./, { kind: 'text', status: 403, text: '<html>blocked</html>' });
    expect(await failure(listing(apiFor(stub)))).toMatchObject({ code: 'provider_denied', details: { provider: { status: 403 } } });
  });

  it('that never end are cut', async () => {
    stub.fail(/./, { kind: 'text', status: 200, text: `"${'x'.repeat(9 * 1024 * 1024)}"` });
    const error = await failure(listing(apiFor(stub)));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'AnswerTooLong' } } });
    expect(stub.requests).toHaveLength(1);
  });

  it('that come in pages are read to their end, and bare arrays as they are', async () => {
    const page = (number: number, data: unknown[]) => status(200, { data, meta: { current_page: number, per_page: 2, total: 3 } });
    stub.fail(/firewall/, page(1, [{ id: 1 }, { id: 2 }]), page(2, [{ id: 3 }]), status(200, [{ id: 4 }]));
    const row = z.looseObject({ id: z.int() });
    const read = () => readPages(apiFor(stub), { tool: 'VPS_getFirewallListV1' }, row, ({ id }) => id, newCall());
    expect(await read()).toEqual({ rows: [{ id: 1 }, { id: 2 }, { id: 3 }], complete: true });
    expect(stub.requests.map(({ target }) => target)).toEqual(['/api/vps/v1/firewall', '/api/vps/v1/firewall?page=2']);
    expect(await read()).toEqual({ rows: [{ id: 4 }], complete: true });
  });

  it.each([
    [
      'shift to the next page',
      [
        [1, 2],
        [2, 3],
        [4, 5],
      ],
      [6, 6, 6],
      [1, 2, 3, 4, 5],
    ],
    [
      'come meanwhile',
      [
        [1, 2],
        [2, 3],
      ],
      [3, 4],
      [1, 2, 3],
    ],
    [
      'go meanwhile',
      [
        [1, 2],
        [4, 5],
      ],
      [5, 4],
      [1, 2, 4, 5],
    ],
    ['are fewer than it says', [[1, 2], []], [4, 4], [1, 2]],
  ])('whose rows %s have each row once, and do not pass for whole', async (_, pages, totals, rows) => {
    const answers = pages.map((ids, index) => {
      const meta = { current_page: index + 1, per_page: 2, total: totals[index] };
      return status(200, { data: ids.map((id) => ({ id })), meta });
    });
    stub.fail(/firewall/, ...answers);
    const row = z.looseObject({ id: z.int() });
    const found = await readPages(apiFor(stub), { tool: 'VPS_getFirewallListV1' }, row, ({ id }) => id, newCall());
    expect(found).toEqual({ rows: rows.map((id) => ({ id })), complete: false });
  });
});
