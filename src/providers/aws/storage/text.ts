/** Telling text from everything else, and cutting it between characters. */

/** Types whose bytes are not for reading, whatever they look like. */
const binaryTypes =
  /^(image\/(?!svg)|audio\/|video\/|font\/|application\/(zip|gzip|x-(gzip|tar|bzip2?|xz|7z-compressed)|zstd|pdf|wasm|java-archive|vnd\.))/i;

/** @param contentEncoding `gzip` and its like; `aws-chunked` is what some clients leave behind, and is no encoding of the object */
export function isBinaryType(contentType: string | undefined, contentEncoding: string | undefined): boolean {
  const encodings = (contentEncoding ?? '').split(',').map((each) => each.trim().toLowerCase());
  return encodings.some((each) => !['', 'identity', 'aws-chunked'].includes(each)) || binaryTypes.test(contentType ?? '');
}

export interface TextPart {
  readonly text: string;
  /** Bytes of the given ones that the text stands for: `start` inclusive, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

/**
 * The text that bytes hold, without a character that is cut at either end; undefined when they are no text (NUL, invalid UTF-8).
 * @param cut whether the object goes on before and behind the bytes
 */
export function textOf(bytes: Uint8Array, cut: { readonly before: boolean; readonly behind: boolean }): TextPart | undefined {
  const start = cut.before ? leadingRest(bytes) : 0;
  const end = cut.behind ? Math.max(start, bytes.length - trailingRest(bytes)) : bytes.length;
  const whole = bytes.subarray(start, end);
  if (whole.includes(0)) return undefined;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole), start, end };
  } catch {
    return undefined;
  }
}

/** Bytes at the start that belong to a character before: at most three. */
function leadingRest(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && isContinuation(bytes[count])) count += 1;
  return count;
}

/** Bytes at the end of a character that goes on behind: at most three (RFC 3629, section 3). */
function trailingRest(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if (isContinuation(byte)) continue;
    return lengthOf(byte ?? 0) > back ? back : 0;
  }
  return 0;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
