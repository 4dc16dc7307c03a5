/**
 * Invariant: where an account names a role, no request of an agent is signed with anything but a session of that role: the agent's
 * name as session name and source identity, its policy as session policy. Without a policy there is no session, and no request.
 */
import { createHash } from 'node:crypto';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { CallError } from '../../call/errors.ts';
import type { AwsAccount } from './accounts.ts';
import { ownIdentity, type Sender } from './send.ts';

export interface Session {
  /** Changes with the account, the agent and its policy. */
  readonly key: string;
  readonly credentials: AwsCredentialIdentityProvider;
}

export interface Sessions {
  /** Undefined where the account names no role: then the server's own credentials serve. */
  of(account: AwsAccount, actor: string): Session | undefined;
}

export interface SessionOptions {
  /** IAM policy document of an agent, minified; throws `CallError` when there is none. */
  policyOf(account: AwsAccount, actor: string): string;
  /** Late bound: sessions are asked for through the very sender that uses them. */
  sender(): Sender;
  readonly timeoutMs: number;
}

/** A session is renewed this long before it ends, or at half its life; the SDK does so as well, but for each client by itself. */
const renewBeforeMs = 5 * 60_000;
/** The longest that AWS gives to a role assumed with another role's credentials. */
const durationSeconds = 3_600;

export function createSessions({ policyOf, sender, timeoutMs }: SessionOptions): Sessions {
  const kept = new Map<string, { session: Session; policy: string }>();

  const create = (account: AwsAccount, role: string, actor: string, policy: string): Session => {
    let current: { readonly identity: Promise<AwsCredentialIdentity>; renewAt: number } | undefined;
    let good: AwsCredentialIdentity | undefined;
    const credentials: AwsCredentialIdentityProvider = () => {
      if (current && Date.now() < current.renewAt) return current.identity;
      const identity = assume(account, role, actor, policy).catch((error) => {
        // What the leeway is for: STS may be away for a moment.
        if (good && (good.expiration?.getTime() ?? 0) > Date.now()) return good;
        throw error;
      });
      const asked = { identity, renewAt: Number.POSITIVE_INFINITY };
      current = asked;
      // Whoever comes while it is being asked for shares it; what failed is asked for again.
      asked.identity.then(
        (identity) => {
          good = identity;
          const { expiration } = identity;
          const lifeMs = (expiration?.getTime() ?? 0) - Date.now();
          asked.renewAt = Date.now() + lifeMs - Math.min(renewBeforeMs, lifeMs / 2);
        },
        () => {
          asked.renewAt = 0;
        },
      );
      return asked.identity;
    };
    return { key: createHash('sha256').update(`${account.name} ${actor} ${policy}`).digest('hex').slice(0, 16), credentials };
  };

  const assume = async (account: AwsAccount, role: string, actor: string, policy: string): Promise<AwsCredentialIdentity> => {
    const scope = { account, region: account.regions[0] ?? 'us-east-1' };
    const { Credentials } = await sender().ask('sts', scope, { ...ownIdentity, deadlineAt: Date.now() + timeoutMs }, (sdk) => {
      return new sdk.AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: sessionName(actor),
        SourceIdentity: sessionName(actor),
        Policy: policy,
        DurationSeconds: durationSeconds,
      });
    });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
      throw new CallError('provider_unavailable', `STS gave no credentials for ${role}.`, {
        remedy: 'Check that AWS_ENDPOINT_URL leads to AWS, then try again.',
        retryable: true,
      });
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      ...(Expiration ? { expiration: Expiration } : {}),
    };
  };

  return {
    of(account, actor) {
      const { role } = account;
      if (role === undefined) return undefined;
      const policy = policyOf(account, actor);
      const name = `${account.name} ${actor}`;
      const known = kept.get(name);
      if (known?.policy === policy) return known.session;
      const session = create(account, role, actor, policy);
      kept.set(name, { session, policy });
      return session;
    },
  };
}

/** STS takes 2 to 64 of letters, digits and =,.@-_ (AssumeRole, `RoleSessionName`). */
function sessionName(actor: string): string {
  return actor
    .replace(/[^\w+=,.@-]/g, '_')
    .padEnd(2, '_')
    .slice(0, 64);
}
