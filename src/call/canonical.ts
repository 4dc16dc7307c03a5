import { createHmac, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * Invariant: policy decides on exactly the bytes that a provider later sees. Two spellings of one thing
 * (`web/../x`), characters that hide (bidirectional, control) and strings that are no text (lone surrogates)
 * are refused before anything is decided, since a pattern like `web/*` would match them.
 */

/** Controls but tab, newline and carriage return; bidirectional controls (Unicode UAX #9); byte order mark. */
const hidden = /[[\p{Cc}--[\t\n\r]]\p{Bidi_Control}\ufeff]/gv;
const lineBreak = /[\t\n\r]/;
const deepest = 32;

export interface CanonicalProblem {
  readonly path: string;
  readonly problem: string;
}

/**
 * The first string in an input that is not canonical, if any.
 * @param freeText paths (`tags.*`) whose values are text for people rather than names: slashes and line breaks are theirs
 */
export function findUncanonical(input: unknown, freeText: readonly string[] = []): CanonicalProblem | undefined {
  return walk(input, [], freeText);
}

function walk(value: unknown, path: string[], freeText: readonly string[]): CanonicalProblem | undefined {
  if (path.length > deepest) return { path: path.join('.'), problem: `is nested more than ${deepest} deep` };
  if (typeof value === 'string') {
    const problem = problemOf(
      value,
      freeText.some((pattern) => covers(pattern, path)),
    );
    return problem ? { path: path.join('.'), problem } : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const keyProblem = problemOf(key, true);
    if (keyProblem) return { path: path.join('.') || 'input', problem: `has a key that ${keyProblem}` };
    const found = walk(inner, [...path, key], freeText);
    if (found) return found;
  }
  return undefined;
}

function problemOf(text: string, free: boolean): string | undefined {
  if (!text.isWellFormed()) return 'holds a lone surrogate, which is not text';
  hidden.lastIndex = 0;
  if (hidden.test(text)) return 'holds a control or bidirectional character';
  if (free) return undefined;
  if (lineBreak.test(text)) return 'holds a line break or tab';
  if (text.includes('\\')) return 'holds a backslash';
  if (text.includes('//')) return 'holds //';
  if (text.split('/').some((part) => part === '..' || part === '.')) return 'holds a . or .. path segment';
  return undefined;
}

/** Whether a path (`tags.*`) is, or stands above, the place of a value. */
export function covers(pattern: string, path: readonly string[]): boolean {
  const parts = pattern.split('.');
  return parts.length <= path.length && parts.every((part, index) => part === '*' || part === path[index]);
}

/** Text from outside, made safe to show: hidden characters go, the rest is cut to `limit` characters. */
export function cleanText(text: string, limit: number): string {
  const clean = text.toWellFormed().replace(hidden, '');
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** `cleanText` for every string and key of a JSON value. */
export function cleanDeep(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return cleanText(value, limit);
  if (Array.isArray(value)) return value.map((inner) => cleanDeep(inner, limit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key, limit), cleanDeep(inner, limit)]));
}

/**
 * RFC 8785 (JCS) form of a JSON value. Undefined members are left out.
 * @throws TypeError for what JSON cannot hold, BigInt and lone surrogates included
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}

/** Keyed HMAC-SHA-256 of the canonical arguments, hex: equal calls can be found, and guessing their arguments needs the key. */
export function hashArguments(key: KeyObject, value: unknown): string {
  return createHmac('sha256', key).update(canonicalJson(value)).digest('hex');
}
