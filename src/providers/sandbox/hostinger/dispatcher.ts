import { Dispatcher } from 'undici';
import type { Answer } from './routes.ts';

/** Invariant: nothing reaches a network; whatever is asked is answered here, above undici's sockets and below all else. */
export class SandboxDispatcher extends Dispatcher {
  readonly #answer: (method: string, target: string, body: unknown) => Answer;

  constructor(answer: (method: string, target: string, body: unknown) => Answer) {
    super();
    this.#answer = answer;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let stopped: Error | undefined;
    const controller: Dispatcher.DispatchController = {
      get aborted() {
        return stopped !== undefined;
      },
      get reason() {
        return stopped ?? null;
      },
      paused: false,
      pause: () => undefined,
      resume: () => undefined,
      abort(reason) {
        if (stopped) return;
        stopped = reason;
        handler.onResponseError?.(controller, reason);
      },
    };
    handler.onRequestStart?.(controller, {});
    // An answer never comes before its request has been handed over.
    setImmediate(() => {
      if (stopped) return;
      const { status, body } = this.#answer(
        options.method,
        options.path,
        typeof options.body === 'string' ? JSON.parse(options.body) : undefined,
      );
      handler.onResponseStart?.(controller, status, { 'content-type': 'application/json' });
      if (stopped) return;
      handler.onResponseData?.(controller, Buffer.from(JSON.stringify(body)));
      if (!stopped) handler.onResponseEnd?.(controller, {});
    });
    return true;
  }
}
