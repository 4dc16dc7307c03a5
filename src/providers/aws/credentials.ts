/** Invariant: credentials come from where the account's configuration says and from nowhere else; a metadata service is asked only on demand. */
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { CallError } from '../../call/errors.ts';
import type { AwsAccount } from './accounts.ts';
import { clean } from './errors.ts';

/**
 * The provider that the SDK's clients ask and cache. Nothing is read or imported before the first request.
 * It throws `CallError` `provider_not_configured` when the account has no credentials, or they cannot be had from where they should be.
 */
export function credentialsOf(account: AwsAccount): AwsCredentialIdentity | AwsCredentialIdentityProvider {
  const { name, credentials, profile } = account;
  if (typeof credentials === 'object') return { ...credentials };
  if (credentials === undefined && profile === undefined) {
    return async () => {
      throw new CallError('provider_not_configured', `There are no AWS credentials for account ${name}.`, {
        remedy: `${setThem}, or name a profile for the account in ziggie.yaml; then restart.`,
      });
    };
  }
  let provider: Promise<AwsCredentialIdentityProvider> | undefined;
  return async () => {
    try {
      provider ??= load(account);
      return await (await provider)();
    } catch (error) {
      throw unavailable(account, error);
    }
  };
}

const setThem = 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE';

async function load({ credentials, profile }: AwsAccount): Promise<AwsCredentialIdentityProvider> {
  const sdk = await import('@aws-sdk/credential-providers');
  if (credentials === 'instance-role') {
    const machine = sdk.fromInstanceMetadata({ timeout: 1_000, maxRetries: 1 });
    return sdk.createCredentialChain(sdk.fromContainerMetadata({ timeout: 1_000 }), machine);
  }
  return sdk.fromIni({ profile });
}

function unavailable({ name, credentials, profile }: AwsAccount, cause: unknown): CallError {
  const remedy =
    credentials === 'instance-role'
      ? 'Give the machine or container an IAM role, or take credentials: instance-role out of ziggie.yaml.'
      : `Sign in (aws sso login --profile ${profile}), or correct the profile. ${setThem}.`;
  const message = cause instanceof Error ? clean(cause.message) : '';
  return new CallError('provider_not_configured', `The AWS credentials of account ${name} cannot be had.`, {
    remedy,
    provider: { code: 'CredentialsProviderError', ...(message ? { message } : {}) },
    cause,
  });
}
