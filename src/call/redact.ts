/**
 * Invariant: every result, error, log line and audit record passes through here, on success and on failure alike.
 * Order: exact values that this process holds (in the encodings they travel in), then key names, then patterns.
 */

const mask = '[redacted]';
/** Shorter values would mask ordinary words. */
const shortestSecret = 6;

const secretKey =
  /pass(word|wd|phrase)|secret(?!s?(id|name|arn)$)|token(?!id$)|api_?key|private_?key|access_?key(?!_?id)|authorization|credential|cookie/i;

/** One test over the common prefixes, so that ordinary text costs one pass. */
const suspicious = /(AKIA|ASIA|eyJ|bearer|basic |-----BEGIN|pass|secret|token|key|:\/\/[^/\s]*:|IQoJ|FwoG|zgt_)/i;

/** Each takes time in proportion to the text: no pattern starts with something unbounded, or fails after it. */
const patterns: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z0-9 ]{0,40}-----[\s\S]*?(-----END [A-Z0-9 ]{0,40}-----|$)/g, mask],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, mask],
  [/\b(IQoJ|FwoG)[A-Za-z0-9+/=]{60,}/g, mask],
  [/(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{8,4096}\.[\w-]{0,4096}/g, mask],
  [/\bzgt_[\w-]{20,}/g, mask],
  [/\b(bearer|basic)\s{1,8}[\w.~+/=-]{8,}/gi, `$1 ${mask}`],
  [/((?:password|passwd|passphrase|secret|token|(?:api|private|access)[_-]?key)["']?\s{0,8}[=:]\s{0,8}["']?)[^\s"',;&]{3,}/gi, `$1${mask}`],
  [/(:\/\/[^\s:/@]{0,256}):[^\s@/]{1,512}@/g, `$1:${mask}@`],
];

export interface Redactor {
  /** Adds a value that must never leave, in all the encodings it may travel in. */
  register(secret: string): void;
  text(text: string): string;
  /** A copy of a JSON value with every secret masked. */
  value<T>(value: T): T;
}

export function createRedactor(): Redactor {
  const exact = new Set<string>();

  function text(input: string): string {
    let output = input;
    for (const secret of exact) if (output.includes(secret)) output = output.replaceAll(secret, mask);
    if (!suspicious.test(output)) return output;
    for (const [pattern, replacement] of patterns) output = output.replace(pattern, replacement);
    return output;
  }

  function value(input: unknown): unknown {
    if (typeof input === 'string') return text(input);
    if (Array.isArray(input)) return input.map(value);
    if (typeof input !== 'object' || input === null) return input;
    return Object.fromEntries(Object.entries(input).map(([key, inner]) => [text(key), secretKey.test(key) ? masked(inner) : value(inner)]));
  }

  /** Everything below a key that names a secret. Empty things and switches give nothing away. */
  function masked(input: unknown): unknown {
    if (Array.isArray(input)) return input.map(masked);
    if (typeof input === 'object' && input !== null) {
      return Object.fromEntries(Object.entries(input).map(([key, inner]) => [text(key), masked(inner)]));
    }
    return input === '' || input === null || typeof input === 'boolean' ? input : mask;
  }

  return {
    register(secret) {
      if (secret.length < shortestSecret) return;
      const bytes = Buffer.from(secret);
      const json = JSON.stringify(secret).slice(1, -1);
      for (const form of [
        secret,
        json,
        encodeURIComponent(secret),
        bytes.toString('base64'),
        bytes.toString('base64url'),
        bytes.toString('hex'),
      ]) {
        exact.add(form);
      }
    },
    text,
    value: value as Redactor['value'],
  };
}
