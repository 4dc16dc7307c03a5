import { Readable } from 'node:stream';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import { answered } from '../errors.ts';

/**
 * The bytes of a reply's body, which comes after the request has ended for the sender: under the call's deadline and cancellation,
 * and no more than was asked for, whatever is sent.
 * Throws `provider_unavailable` for a body that ends early, `timeout`, `cancelled`.
 */
export async function readBody(body: unknown, expectedBytes: number, call: CallScope): Promise<Buffer> {
  if (!(body instanceof Readable)) return answered<Buffer>(undefined, 'GetObject');
  const late = AbortSignal.timeout(Math.max(0, call.deadlineAt - Date.now()));
  const stop = AbortSignal.any([call.signal, late]);
  const end = () => void body.destroy(new Error('given up'));
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  const parts: Buffer[] = [];
  let length = 0;
  let cause: unknown;
  try {
    for await (const part of body) {
      parts.push(Buffer.from(part));
      length += part.length;
      if (length >= expectedBytes) break;
    }
  } catch (error) {
    cause = error;
  } finally {
    stop.removeEventListener('abort', end);
  }
  if (length >= expectedBytes) return Buffer.concat(parts).subarray(0, expectedBytes);
  if (call.signal.aborted) {
    throw new CallError('cancelled', 'The call was cancelled while the object was read.', { remedy: 'Call again if you still want it.' });
  }
  if (late.aborted) {
    throw new CallError('timeout', 'The object did not arrive in time.', {
      remedy: 'Call again, with a smaller maxBytes if it stays slow.',
      retryable: true,
    });
  }
  throw new CallError('provider_unavailable', `The connection ended after ${length} of ${expectedBytes} bytes of the object.`, {
    remedy: 'Call again; reading changes nothing.',
    retryable: true,
    cause,
  });
}
