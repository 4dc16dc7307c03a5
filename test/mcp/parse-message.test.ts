import { isSpecType } from '@modelcontextprotocol/server';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isMessage } from '../../src/mcp/parse-message.ts';

const id = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(null, 1.5, {}, [], true));
const part = fc.oneof(
  fc.dictionary(fc.constantFrom('a', 'code', 'message'), fc.oneof(fc.integer(), fc.string())),
  fc.constantFrom(null, [], 'x', 1),
);
const message = fc.record(
  { jsonrpc: fc.constantFrom('2.0', '1.0', 2), id, method: fc.oneof(fc.string(), fc.integer()), params: part, result: part, error: part },
  { requiredKeys: [] },
);

it('property: takes nothing that the SDK would not, and everything that it would', () => {
  fc.assert(
    fc.property(fc.oneof(message, fc.jsonValue()), (value) => {
      // With both a method and a result the SDK may read it as either; no client sends that.
      const parts = typeof value === 'object' && value !== null ? ['method', 'result', 'error'].filter((key) => key in value) : [];
      fc.pre(parts.length <= 1);
      expect(isMessage(value)).toBe(isSpecType.JSONRPCMessage(value));
    }),
    { numRuns: 2_000 },
  );
});
