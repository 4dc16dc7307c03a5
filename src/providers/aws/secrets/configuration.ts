import { CallError } from '../../../call/errors.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import { ownIdentity, type Sender } from '../send.ts';
import { bytesNotText } from './not-text.ts';

/** The text of a secret that the server itself is configured with; undefined when there is none of this name. Throws `CallError`. */
export type ReadConfiguration = (name: string) => Promise<string | undefined>;

/**
 * Reads with the server's own credentials, for no agent and no call.
 * @param timeoutMs of one reading
 */
export function createReadConfiguration(sender: Sender, scope: Scope, timeoutMs: number): ReadConfiguration {
  return async (name) => {
    const call = { ...ownIdentity, deadlineAt: Date.now() + timeoutMs };
    try {
      const reply = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.GetSecretValueCommand({ SecretId: name }));
      if (reply.SecretBinary) throw bytesNotText(name);
      return answered(reply.SecretString, 'GetSecretValue');
    } catch (error) {
      if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
      throw error;
    }
  };
}
