import { CallError } from '../../call/errors.ts';
import { type AwsAccount, accountOfRole, checkAccountId } from './accounts.ts';
import { ownIdentity, type Sender, type SendScope } from './send.ts';

export interface AwsIdentity {
  /** Twelve digits: where agents' calls act. The role's account where one is named, else the credentials' own. */
  readonly accountId: string;
  /** Account of the server's own credentials. */
  readonly ownAccountId: string;
  readonly arn: string;
  /** How far the clock of AWS was ahead of this machine's when it was asked, to about a second; absent when the answer had no date. */
  readonly clockOffsetMs?: number;
}

/** Who the credentials of an account are, as STS says; asked once and remembered. Throws `CallError`. */
export type Identify = (account: AwsAccount, call: SendScope) => Promise<AwsIdentity>;

/** @param timeoutMs of the shared request, which outlives a caller that gives up */
export function createIdentify(sender: Sender, timeoutMs = 15_000): Identify {
  const known = new Map<string, Promise<AwsIdentity>>();

  const ask = async (account: AwsAccount): Promise<AwsIdentity> => {
    const region = account.regions[0] ?? 'us-east-1';
    let clockOffsetMs: number | undefined;
    const scope: SendScope = {
      ...ownIdentity,
      deadlineAt: Date.now() + timeoutMs,
      noteDate: (at) => {
        clockOffsetMs = at - Date.now();
      },
    };
    const { Account, Arn } = await sender.ask('sts', { account, region }, scope, (sdk) => new sdk.GetCallerIdentityCommand({}));
    if (!Account || !Arn) {
      throw new CallError('provider_unavailable', `STS did not say whose the credentials of account ${account.name} are.`, {
        remedy: 'Check that AWS_ENDPOINT_URL leads to AWS, then try again.',
        retryable: true,
      });
    }
    const accountId = accountOfRole(account) ?? Account;
    checkAccountId(account, accountId);
    return { accountId, ownAccountId: Account, arn: Arn, ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }) };
  };

  return (account, call) => {
    let identity = known.get(account.name);
    if (!identity) {
      identity = ask(account);
      known.set(account.name, identity);
      // What failed is asked again next time.
      identity.catch(() => known.delete(account.name));
    }
    return unlessAborted(identity, call.signal);
  };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () =>
      reject(
        new CallError('cancelled', 'The call was cancelled.', { remedy: 'Nothing to do, unless it is still wanted: then call again.' }),
      );
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
}
