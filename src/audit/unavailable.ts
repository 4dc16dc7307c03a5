import { CallError } from '../call/errors.ts';

/** The refusal of everything that could not be recorded. */
export function unavailable(message: string, remedy: string, cause?: unknown): CallError {
  return new CallError('audit_unavailable', message, { remedy, effect: 'none', retryable: true, cause });
}

/** @param cause what the file system said */
export function journalFailed(cause: unknown): CallError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const remedy = 'Free space in the state folder, make it writable or repair its disk, then call again: a new journal starts by itself.';
  return unavailable(`The audit journal cannot be written (${code})`, remedy, cause);
}
