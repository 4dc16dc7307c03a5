/**
 * Invariant: a version is a word that means nothing to a file system, a shell or a URL, wherever it is put.
 */
import { CallError } from '../call/errors.ts';

const form = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

export function isVersion(text: string): boolean {
  return form.test(text);
}

/** @throws CallError `invalid_input` */
export function checkVersion(text: string): void {
  if (isVersion(text)) return;
  throw new CallError('invalid_input', `${JSON.stringify(text.slice(0, 80))} is no version.`, {
    remedy: 'Use up to 64 letters, digits and . _ + -, starting with a letter or digit, without two dots in a row: v1.2.0.',
    effect: 'none',
  });
}

/** A text of ziggie.yaml with the version in its places. */
export function withVersion(text: string, version: string): string {
  return text.replaceAll('{version}', version);
}
