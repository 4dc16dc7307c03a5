/**
 * Invariant: a value is found in every encoding that ordinary software gives it: as it is, escaped for JSON (once or more), for URLs,
 * for HTML, as hexadecimal and as base64, on its own or inside a longer text. Each pattern takes time in proportion to the text.
 */

/** Beyond this a pattern for each character would be too large; such values are found by their lines and their plain encodings. */
const longestByCharacter = 512;
/** Shorter lines of a value of several lines are too common to be masked. */
const shortestLine = 16;
/** As many as a long private key has, and then some. */
const mostLines = 128;

/** Everything that a value may look like, as one pattern. */
export function patternOf(secret: string): RegExp {
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).filter((line) => line.length >= shortestLine) : [];
  const whole = secret.length > longestByCharacter ? plainly(secret) : [escaped(secret), hexadecimal(secret)];
  const parts = lines.slice(0, mostLines).map((line) => (line.length > longestByCharacter ? plainText(line) : escaped(line)));
  return new RegExp([...whole, ...base64(secret), ...parts].join('|'), 'g');
}

/** Characters of the shortest text that can give the value, or a line of it, away: no encoding makes either shorter. */
export function shortestFormOf(secret: string): number {
  return secret.includes('\n') ? Math.min(shortestLine, secret.length) : secret.length;
}

/** Every character as it is or as JSON, URL and HTML write it, mixed as libraries mix them. */
function escaped(text: string): string {
  return [...text].map(spellings).join('');
}

function spellings(char: string): string {
  const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
  const point = char.codePointAt(0) ?? 0;
  const found = new Set([
    // Backslashes double with every level of JSON.
    `\\\\{0,4}${literal(char)}`,
    units.map((unit) => `\\\\{1,4}u${anyCase(unit.toString(16).padStart(4, '0'))}`).join(''),
    [...Buffer.from(char)].map((byte) => `%(?:25)?${anyCase(byte.toString(16).padStart(2, '0'))}`).join(''),
    `&#(?:0{0,4}${point}|[xX]0{0,4}${anyCase(point.toString(16))});`,
  ]);
  const control = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }[char];
  if (control) found.add(`\\\\{1,4}${control}`);
  const entity = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }[char];
  if (entity) found.add(`&${entity};`);
  if (char === ' ') found.add('\\+');
  return `(?:${[...found].join('|')})`;
}

/** Two digits a byte, with whatever stands between them in dumps: spaces, colons, `\x`, `0x`. */
function hexadecimal(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => anyCase(byte.toString(16).padStart(2, '0')));
  return `(?:0x)?${bytes.join('(?:[\\s:,-]{0,2}(?:0x|\\\\{1,4}x)?)')}`;
}

/** The characters that stand for these bytes alone, however many bytes (modulo three) come before them; lines may be broken. */
function base64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = Math.ceil((offset * 8) / 6);
    // The last character may hold bits of what follows.
    const whole = (offset + bytes.length) % 3 === 0 ? encoded.slice(from) : encoded.slice(from, -1);
    const broken = text.length <= longestByCharacter ? '(?:\\s|\\\\{1,4}[nr]){0,4}' : '';
    return [...whole].map((char) => ({ '+': '(?:[+-]|%2[bB])', '/': '(?:[/_]|%2[fF]|\\\\{1,4}/)' })[char] ?? char).join(broken);
  });
}

/** Of a long value: as it is, as JSON, as URL. */
function plainly(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const all = [text, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(text), Buffer.from(text).toString('hex')];
  return [...new Set(all)].map(plainText);
}

function plainText(text: string): string {
  return [...text].map(literal).join('');
}

function literal(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}

function anyCase(hex: string): string {
  return [...hex].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('');
}
