import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AwsAccount } from '../../src/providers/aws/index.ts';
import { failure, mainAccount, newAws, newCall } from './harness.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ziggie-aws-'));
  await writeFile(
    join(folder, 'credentials'),
    '[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n',
  );
  await writeFile(join(folder, 'config'), '[profile empty]\nregion = eu-north-1\n');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** The credentials that a request of this account is signed with; the request goes nowhere. */
async function signedWith(account: Partial<AwsAccount>): Promise<string> {
  // The SDK reads the shared files where these say.
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  let authorization = '';
  const aws = newAws({
    accounts: [mainAccount({ credentials: undefined, ...account })],
    requestHandler: {
      metadata: { handlerProtocol: 'none' },
      handle: async (request) => {
        authorization = request.headers.authorization ?? '';
        throw new Error('nowhere');
      },
    },
  });
  const error = await failure(aws.identity('main', newCall()));
  if (authorization === '') throw error;
  return /Credential=([^/]+)/.exec(authorization)?.[1] ?? '';
}

describe('credentials', () => {
  it('are those that were given', async () => {
    expect(await signedWith({ credentials: { accessKeyId: 'given', secretAccessKey: 'x' } })).toBe('given');
  });

  it('are those of the profile', async () => {
    expect(await signedWith({ profile: 'work' })).toBe('AKIAIOSFODNN7EXAMPLE');
  });

  it('are not picked up from the environment or the default profile', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-the-environment');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
    vi.stubEnv('AWS_PROFILE', 'work');
    expect((await failure(signedWith({}))).code).toBe('provider_not_configured');
  });

  it.each(['empty', 'unknown'])('of a profile %s are missing, and the remedy says what to do', async (profile) => {
    const error = await failure(signedWith({ profile }));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toContain(`aws sso login --profile ${profile}`);
  });

  it('of a role come from the metadata service, and only then', async () => {
    // A service that gives nothing, in place of the machine's own.
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://127.0.0.1:9');
    const error = await failure(signedWith({ credentials: 'instance-role' }));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toContain('IAM role');
  });
});
