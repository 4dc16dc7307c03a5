import { StringDecoder } from 'node:string_decoder';
import { cleanText } from '../../../call/canonical.ts';

/** A line that does not end is told in pieces of this length. */
const longestLine = 4_000;

/** The last bytes of a stream, whatever its length. */
export class Tail {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (let [first] = this.#pieces; first && this.#length - first.length >= this.#maxBytes; [first] = this.#pieces) {
      this.#pieces.shift();
      this.#length -= first.length;
      // An empty rest that was dropped lost nothing.
      if (first.length > 0) this.#isCut = true;
    }
  }

  /** What was kept as text, beginning with a whole character. */
  end(): { text: string; isCut: boolean } {
    let kept = Buffer.concat(this.#pieces);
    if (kept.length > this.#maxBytes) {
      kept = kept.subarray(kept.length - this.#maxBytes);
      this.#isCut = true;
    }
    let start = 0;
    // The rest of a character whose first byte was dropped: 10xxxxxx, three at most.
    while (this.#isCut && start < 3 && ((kept[start] ?? 0) & 0xc0) === 0x80) start += 1;
    return { text: kept.toString('utf8', start), isCut: this.#isCut };
  }
}

/** Tells of each line as it is complete, cleaned; of the last one at the end. */
export function linesTo(tell: (line: string) => void): { add(piece: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const add = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(cleanText(line.replace(/\r$/, ''), longestLine));
    while (rest.length > longestLine) {
      tell(cleanText(rest.slice(0, longestLine), longestLine));
      rest = rest.slice(longestLine);
    }
  };
  return {
    add: (piece) => add(decoder.write(piece)),
    end() {
      add(decoder.end());
      if (rest) tell(cleanText(rest, longestLine));
      rest = '';
    },
  };
}

/** Longest text before the mark that is looked through: what start-up files of a login shell print. */
const longestPreface = 64 * 1_024;

/**
 * Takes the line `<mark> <process id>` out of the front of a stream, with whatever start-up files of the shell printed before it.
 * @param passOn told of what follows
 */
export function behindMark(
  mark: string,
  passOn: (piece: Buffer) => void,
): { add(piece: Buffer): void; processGroup(): number | undefined; preface(): string } {
  const sought = Buffer.from(`${mark} `);
  let front = Buffer.alloc(0);
  let processGroup: number | undefined;
  return {
    add(piece) {
      if (processGroup !== undefined) return passOn(piece);
      front = Buffer.concat([front, piece]);
      const at = front.indexOf(sought);
      const lineEnd = at < 0 ? -1 : front.indexOf('\n', at);
      if (lineEnd < 0) {
        if (front.length > longestPreface) front = front.subarray(front.length - longestPreface);
        return;
      }
      processGroup = Number(front.toString('latin1', at + sought.length, lineEnd));
      const rest = front.subarray(lineEnd + 1);
      front = front.subarray(0, at);
      if (rest.length > 0) passOn(rest);
    },
    processGroup: () => processGroup,
    preface: () => front.toString('utf8'),
  };
}
