import { CallError, type ErrorCode } from '../call/errors.ts';

/** Errors of deployments. `name` is what tells them apart for programs; messages are for people. */
export function refused(code: ErrorCode, name: string, message: string, remedy: string, cause?: unknown): CallError {
  return new CallError(code, message, { remedy, provider: { code: name }, ...(cause === undefined ? {} : { cause }) });
}

/** What is no `CallError` is a fault of ours. */
export function asCallError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  return new CallError('internal', 'The deployment came upon a fault of ziggie-cloud.', {
    remedy: 'Report it with the call id; deploy_status shows how far it came.',
    cause: error,
  });
}

/** Somebody else has the deployment now, or this process is going: whoever resumes it decides, nothing more is done here. */
export class LeftBehind extends Error {}
