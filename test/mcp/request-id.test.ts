import fc from 'fast-check';
import { expect, it } from 'vitest';
import { requestIdOf } from '../../src/mcp/request-id.ts';

const ends = (text: string) => requestIdOf(text.slice(0, 400), text.slice(-400));

it('property: finds the id that a client wrote at either end', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 40 }), fc.integer()), fc.jsonValue(), (id, params) => {
      const method = 'tools/call';
      for (const message of [
        { jsonrpc: '2.0', id, method, params },
        { id, method, jsonrpc: '2.0', params },
        { method, params, jsonrpc: '2.0', id },
        { method, params, id, jsonrpc: '2.0' },
      ]) {
        const found = ends(`${JSON.stringify(message)}`);
        expect(JSON.stringify(id).length > 60 || found === id).toBe(true);
      }
    }),
  );
});

it.each([
  ['', ''],
  ['{"id":', '{"id":'],
  ['an id inside the arguments', '{"jsonrpc":"2.0","method":"tools/call","params":{"arguments":{"id":"i-1"}}}'],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"x"}'],
  ['text', 'start the database, please'],
])('says null for %j', (_, text) => {
  expect(ends(text)).toBeNull();
});
