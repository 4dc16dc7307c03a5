import { CallError } from '../../../call/errors.ts';

/** A change of several that make up one call. */
export interface Step {
  /** What is there once it is done: `bucket ziggie-audit-logs made`. */
  readonly done: string;
  run(): Promise<void>;
}

/** Takes the steps in their order. What fails says which of them were taken: that much is there now, and a repeated call goes on behind it. */
export async function takeSteps(steps: readonly Step[]): Promise<string[]> {
  const done: string[] = [];
  for (const step of steps) {
    try {
      await step.run();
    } catch (error) {
      if (!(error instanceof CallError) || done.length === 0) throw error;
      throw new CallError(error.code, `${error.message} Before that: ${done.join(', ')}.`, { ...error.details, cause: error });
    }
    done.push(step.done);
  }
  return done;
}
