import { Readable } from 'node:stream';
import { CallError } from '../../../call/errors.ts';
import type { ArtifactStore } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';

/** Artifacts that a build put into a bucket of the account. */
export function createArtifactStore({ accounts, identify, sender }: AwsContext): ArtifactStore {
  return {
    async open(source, Key, call) {
      const scope = scopeOf(accounts, source);
      const { accountId } = await identify(scope.account, call);
      const input = { Bucket: source.bucket, Key, ExpectedBucketOwner: accountId };
      const found = await sender
        .ask('s3', scope, call, (sdk) => new sdk.GetObjectCommand(input))
        .catch((error: unknown) => {
          throw error instanceof CallError && error.code === 'provider_not_found' ? noArtifact(`${source.bucket}/${Key}`, error) : error;
        });
      const body: unknown = found.Body;
      if (!(body instanceof Readable)) return answered<never>(undefined, 'GetObject');
      return { sizeBytes: found.ContentLength ?? 0, body };
    },
  };
}

function noArtifact(place: string, cause: CallError): CallError {
  return new CallError('target_unresolved', `There is no artifact ${place}.`, {
    remedy: 'Check the version: storage_list_objects shows what the build stored. `source` in ziggie.yaml says where it is looked for.',
    ...(cause.details.provider ? { provider: cause.details.provider } : {}),
    cause,
  });
}
