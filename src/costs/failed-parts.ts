import { CallError } from '../call/errors.ts';
import type { MissingPart } from '../ports/domain.ts';
import type { Kept } from './cost-reader.ts';

type Settled<T> = { readonly value: T; readonly error?: undefined } | { readonly value?: undefined; readonly error: CallError };

/** A part that fails is no reason to show nothing; a call that was cancelled, and a fault of our own, are. */
export async function settle<T>(reading: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
    return { error };
  }
}

/** What could not be read of an account, or only as it was some time ago; nothing where all is well. */
export function missingOf(
  provider: MissingPart['provider'],
  account: string,
  { value, error }: Settled<Kept<unknown>>,
  now: number,
): MissingPart[] {
  const failure = error ?? value?.failure;
  if (!failure) return [];
  const minutes = Math.max(0, Math.floor((now - (value?.fetchedAt ?? now)) / 60_000));
  const old = value ? `Shown as it was ${minutes} minutes ago, because it could not be read again. ` : '';
  return [{ provider, account, code: failure.code, message: `${old}${failure.message} ${failure.details.remedy}` }];
}
