import type { JSONRPCMessage } from '@modelcontextprotocol/server';

/** A message that is JSON and still not taken; it can be answered by its id. */
export class UnfitMessage extends Error {
  readonly id: string | number | null;

  constructor(problem: string, value: unknown) {
    super(problem);
    this.name = 'UnfitMessage';
    this.id = idOf(value);
  }
}

/**
 * `JSON.parse` that also refuses a key `__proto__` at any depth: the SDK would drop it without a word, and the call
 * would run without something that its caller wrote.
 * @throws SyntaxError for what is not JSON, UnfitMessage for such a key
 */
export function parseMessage(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Most messages can be told harmless without a walk; an escape could spell the key.
  if (/__proto__|\\u/.test(text) && hasPrototypeKey(value)) {
    throw new UnfitMessage('Invalid Request: a key __proto__ is not taken.', value);
  }
  return value;
}

/** The id of a message, as far as it can be an answer's. */
export function idOf(value: unknown): string | number | null {
  const id = isObject(value) ? value.id : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototypeKey);
}

/**
 * Whether a value has the form of a JSON-RPC 2.0 message (sections 4 and 5). The SDK checks each against the protocol's own
 * schemas afterwards; this says only whether it is worth that, and keeps making those schemas off the start.
 */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isObject(value) || value.jsonrpc !== '2.0') return false;
  const idIsFit = typeof value.id === 'string' || Number.isInteger(value.id);
  const idFitsOrLacks = idIsFit || !('id' in value);
  const has = (...keys: string[]) => Object.keys(value).every((key) => key === 'jsonrpc' || key === 'id' || keys.includes(key));
  if ('method' in value) {
    return (
      has('method', 'params') && typeof value.method === 'string' && idFitsOrLacks && (value.params === undefined || isObject(value.params))
    );
  }
  if ('result' in value) return has('result') && idIsFit && isObject(value.result);
  const { error } = value;
  return has('error') && idFitsOrLacks && isObject(error) && Number.isInteger(error.code) && typeof error.message === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
