/**
 * Invariant: every result, error, log line and audit record passes through here, on success and on failure alike.
 * Order: exact values that this process holds (in the encodings they travel in), then key names, then patterns.
 */

import { patternOf, shortestFormOf } from './secret-patterns.ts';

const mask = '[redacted]';
/** Characters below which a value cannot be masked: it would blank ordinary words. */
export const shortestSecret = 6;
/** The least number that has as many digits. */
const leastSecretNumber = 10 ** (shortestSecret - 1);

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
  // Not of an ARN, where a name follows: `…:secret:ziggie/db`.
  [
    /((?:password|passwd|passphrase|(?<!:)secret|token|(?:api|private|access)[_-]?key)["']?\s{0,8}[=:](?!\/\/)\s{0,8}["']?)[^\s"',;&]{3,}/gi,
    `$1${mask}`,
  ],
  [/(:\/\/[^\s:/@]{0,256}):[^\s@/]{1,512}@/g, `$1:${mask}@`],
];

export interface Redactor {
  /**
   * Adds a value that must never leave, in all the encodings it may travel in.
   * @param until epoch milliseconds after which nothing can be done with it, and it is forgotten
   */
  register(secret: string, until?: number): void;
  text(text: string): string;
  /** A copy of a JSON value with every secret masked. */
  value<T>(value: T): T;
}

interface Known {
  readonly secret: string;
  readonly pattern: RegExp;
  readonly until: number;
}

export function createRedactor(): Redactor {
  /** Longest first: what holds another secret is masked whole. */
  let known: readonly Known[] = [];
  let shortest = Number.POSITIVE_INFINITY;

  function text(input: string): string {
    let output = input;
    // No encoding makes a value shorter.
    if (input.length >= shortest) for (const { pattern } of known) output = output.replace(pattern, mask);
    if (!suspicious.test(output)) return output;
    for (const [pattern, replacement] of patterns) output = output.replace(pattern, replacement);
    return output;
  }

  function value(input: unknown): unknown {
    if (typeof input === 'string') return text(input);
    if (typeof input === 'number') return Math.abs(input) < leastSecretNumber || text(String(input)) === String(input) ? input : mask;
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
    register(secret, until = Number.POSITIVE_INFINITY) {
      if (secret.length < shortestSecret || known.some((each) => each.secret === secret && each.until >= until)) return;
      const now = Date.now();
      const kept = known.filter((each) => each.secret !== secret && each.until > now);
      known = [...kept, { secret, pattern: patternOf(secret), until }].sort((a, b) => b.secret.length - a.secret.length);
      shortest = Math.min(...known.map((each) => shortestFormOf(each.secret)));
    },
    text,
    value: value as Redactor['value'],
  };
}
