import { CallError } from '../../../call/errors.ts';

/** A secret may be made of bytes, which nothing here can use. */
export function bytesNotText(name: string): CallError {
  return new CallError('target_unresolved', `The secret ${name} holds bytes, not text.`, {
    remedy: 'Only text can be used by reference: keep it in a secret of its own as text, base64 for instance.',
  });
}
