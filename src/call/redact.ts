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
  // Not of an ARN, where a name follows: `…:secret:ziggie/db`.
  [
    /((?:password|passwd|passphrase|(?<!:)secret|token|(?:api|private|access)[_-]?key)["']?\s{0,8}[=:]\s{0,8}["']?)[^\s"',;&]{3,}/gi,
    `$1${mask}`,
  ],
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
  let ordered: readonly string[] = [];

  function text(input: string): string {
    let output = input;
    for (const secret of ordered) if (output.includes(secret)) output = output.replaceAll(secret, mask);
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
      for (const form of formsOf(secret)) if (form.length >= shortestSecret) exact.add(form);
      // Longest first: what holds another secret is masked whole.
      ordered = [...exact].sort((a, b) => b.length - a.length);
    },
    text,
    value: value as Redactor['value'],
  };
}

/** A value in the encodings in which it may travel, on its own or inside a longer text. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const hex = bytes.toString('hex');
  return [
    secret,
    json,
    // JSON within JSON, as in a log line of a structured log.
    JSON.stringify(json).slice(1, -1),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    // application/x-www-form-urlencoded
    new URLSearchParams({ s: secret }).toString().slice(2),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64Within(bytes, offset)),
    ...lines(secret),
  ];
}

/** The characters of base64 that stand for these bytes alone, when so many bytes (modulo three) come before them. */
function base64Within(bytes: Buffer, offset: number): string[] {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const from = Math.ceil((offset * 8) / 6);
  // The last character may hold bits of what follows.
  const whole = (offset + bytes.length) % 3 === 0 ? text.slice(from) : text.slice(from, -1);
  return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
}

/** A value of several lines may be shown line by line; short lines are too common to be masked. */
function lines(secret: string): string[] {
  return secret.includes('\n') ? secret.split('\n').filter((line) => line.length >= 16) : [];
}
