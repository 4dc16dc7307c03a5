/**
 * `JSON.parse` that also refuses a key `__proto__` at any depth: the SDK would drop it without a word, and the call
 * would run without something that its caller wrote.
 * @throws SyntaxError
 */
export function parseMessage(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Most messages can be told harmless without a walk; an escape could spell the key.
  if (/__proto__|\\u/.test(text) && hasPrototypeKey(value)) throw new SyntaxError('a key __proto__ is not taken');
  return value;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototypeKey);
}
