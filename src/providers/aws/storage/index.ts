import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { StoragePort } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { remove } from './delete.ts';
import { explaining } from './explain.ts';
import { get } from './get.ts';
import { buckets, objects } from './list.ts';
import { put } from './put.ts';
import { resolveBucket, resolveObject } from './resolver.ts';
import { share } from './share.ts';

export interface StorageSettings {
  /** Absolute path of the folder that uploads may come from; absent: uploads from files are refused. */
  readonly workspace?: string;
  /** Longest life of a shared address, in minutes. */
  readonly maxShareMinutes: number;
}

/** S3 as the storage port. */
export function createStorage(
  context: AwsContext,
  { workspace, maxShareMinutes }: StorageSettings,
): { port: StoragePort; resolvers: Pick<TargetResolvers, 'Bucket' | 'Object'> } {
  return {
    resolvers: {
      Bucket: explaining((ref, call) => resolveBucket(context, ref, call)),
      Object: explaining((ref, call) => resolveObject(context, ref, call)),
    },
    port: {
      buckets: explaining((accounts, query, call) => buckets(context, accounts, query, call)),
      objects: explaining((bucket, query, call) => objects(context, bucket, query, call)),
      get: explaining((object, range, call) => get(context, maxShareMinutes, object, range, call)),
      put: explaining((object, body, call) => put(context, workspace, object, body, call)),
      delete: explaining((object, query, call) => remove(context, object, query, call)),
      share: explaining((object, query, call) => share(context, maxShareMinutes, object, query, call)),
    },
  };
}
