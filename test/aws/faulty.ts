import type { Sandbox } from '../../src/providers/sandbox/index.ts';

/** Error code that every request to a region is answered with. */
export type Faults = Record<string, string>;

/** The sandbox with regions that fail. */
export function faulty(middleware: Sandbox['middleware'], faults: Faults): Sandbox['middleware'] {
  return (at) => ({
    applyToStack(stack) {
      middleware(at).applyToStack(stack);
      stack.add(
        (next) => async (args) => {
          const code = faults[at.region];
          if (code === undefined) return next(args);
          throw Object.assign(new Error('on purpose'), { name: code, $fault: 'client', $metadata: { httpStatusCode: 400 } });
        },
        { step: 'finalizeRequest', name: 'faults' },
      );
    },
  });
}
