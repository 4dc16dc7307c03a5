import type { Dispatcher } from 'undici';
import { CallError } from '../../../call/errors.ts';
import { type Asked, type Reply, tooLong, unreachable } from './errors.ts';

/** Beyond every answer that is read here. */
const mostBytes = 8 * 1024 * 1024;

export interface Message {
  readonly origin: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string | undefined;
}

/** One request and its answer, whatever its status. Follows nothing. Throws `CallError` when there is no whole answer. */
export async function exchange(dispatcher: Dispatcher, message: Message, asked: Asked, signal: AbortSignal): Promise<Reply> {
  const { origin, method, path, body } = message;
  try {
    const answer = await dispatcher.request({
      origin,
      path,
      method,
      signal,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${asked.token}`,
        'user-agent': 'ziggie-cloud',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(answer.body, asked);
    return { status: answer.statusCode, headers: answer.headers, text, json: parse(text) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof CallError ? error : unreachable(error, asked);
  }
}

async function readText(body: AsyncIterable<Buffer>, asked: Asked): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > mostBytes) throw tooLong(asked);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
