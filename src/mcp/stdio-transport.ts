import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, MessageExtraInfo, Transport } from '@modelcontextprotocol/server';
import { idOf, isMessage, parseMessage, UnfitMessage } from './parse-message.ts';
import { requestIdOf } from './request-id.ts';
import type { Tap } from './tap.ts';

/**
 * Invariant: no line from the client vanishes. The SDK's own transport drops what is not JSON without a word;
 * this one answers it as JSON-RPC 2.0 says (section 5.1) and hands it to the record.
 */

export interface MalformedLine {
  readonly problem: string;
  /** The beginning of the line. */
  readonly excerpt: string;
}

export interface StdioTransportOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Longest line in bytes; longer ones are refused without being kept. */
  readonly maxLineBytes: number;
  /** Told before the error is answered. */
  readonly onMalformed: (line: MalformedLine) => Promise<void>;
  /** Looks at a message before it is delivered; what it returns is answered instead. */
  readonly refuse: (message: JSONRPCMessage) => Promise<JSONRPCMessage | undefined>;
  /** At the wire, because the SDK's stdio entry answers some requests before any server sees them. */
  readonly tap: Tap;
}

const newline = 0x0a;
const endBytes = 400;

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  readonly #options: StdioTransportOptions;
  #chunks: Buffer[] = [];
  #end = Buffer.alloc(0);
  #bytes = 0;
  #closed = false;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { stdin, stdout } = this.#options;
    stdin.on('data', this.#onData);
    stdin.on('end', this.#onEnd);
    stdin.on('close', this.#onEnd);
    stdin.on('error', (error) => this.onerror?.(error));
    // A client that went away closes our stdout; the end of stdin follows, nothing else is to be done.
    stdout.on('error', () => this.#onEnd());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#options.tap.leaving(message);
    if (!this.#closed) await this.#write(message);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { stdin } = this.#options;
    stdin.off('data', this.#onData);
    stdin.pause();
    this.onclose?.();
  }

  readonly #onEnd = (): void => {
    if (this.#bytes > 0) this.#endLine();
    void this.close();
  };

  readonly #onData = (chunk: Buffer): void => {
    let rest = chunk;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      this.#keep(rest.subarray(0, end));
      this.#endLine();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  };

  /** Beyond the limit only the beginning is kept, for the record, and the very end, which may name the request. */
  #keep(part: Buffer): void {
    if (this.#bytes <= this.#options.maxLineBytes) this.#chunks.push(part);
    else this.#end = Buffer.concat([this.#end, part.subarray(-endBytes)]).subarray(-endBytes);
    this.#bytes += part.length;
  }

  #endLine(): void {
    const bytes = this.#bytes;
    const line = Buffer.concat(this.#chunks);
    const end = this.#end;
    this.#chunks = [];
    this.#end = Buffer.alloc(0);
    this.#bytes = 0;
    const { maxLineBytes } = this.#options;
    if (bytes > maxLineBytes) {
      const start = line.toString('utf8', 0, 400);
      const id = requestIdOf(start, Buffer.concat([line.subarray(-endBytes), end]).toString('utf8'));
      this.#refuse(-32600, `The message has ${bytes} bytes; at most ${maxLineBytes} are taken.`, start, id);
      return;
    }
    const text = line.toString('utf8').trim();
    if (text === '') return;
    let message: unknown;
    try {
      message = parseMessage(text);
    } catch (error) {
      if (error instanceof UnfitMessage) this.#refuse(-32600, error.message, text, error.id);
      else this.#refuse(-32700, 'Parse error: the line is not JSON.', text, null);
      return;
    }
    if (!isMessage(message)) {
      this.#refuse(-32600, 'Invalid Request: the line is no JSON-RPC 2.0 message.', text, idOf(message));
      return;
    }
    this.#deliver(message);
  }

  #deliver(message: JSONRPCMessage): void {
    const pass = (): void => {
      this.#options.tap.arriving(message);
      this.onmessage?.(message);
    };
    if ('method' in message && message.method === 'subscriptions/listen') {
      void this.#options
        .refuse(message)
        .then((answer) => (answer ? this.#write(answer) : pass()))
        .catch((error: Error) => this.onerror?.(error));
    } else pass();
  }

  #refuse(code: number, problem: string, start: string, id: string | number | null): void {
    const excerpt = start.slice(0, 400);
    void this.#options
      .onMalformed({ problem, excerpt })
      .then(() => this.#write({ jsonrpc: '2.0', id, error: { code, message: problem } }))
      .catch((error: Error) => this.onerror?.(error));
  }

  #write(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }
}
