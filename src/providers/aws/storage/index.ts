import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { StoragePort } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { remove } from './delete.ts';
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
      Bucket: (ref, call) => resolveBucket(context, ref, call),
      Object: (ref, call) => resolveObject(context, ref, call),
    },
    port: {
      buckets: (accounts, query, call) => buckets(context, accounts, query, call),
      objects: (bucket, query, call) => objects(context, bucket, query, call),
      get: (object, range, call) => get(context, object, range, call),
      put: (object, body, call) => put(context, workspace, object, body, call),
      delete: (object, query, call) => remove(context, object, query, call),
      share: (object, query, call) => share(context, maxShareMinutes, object, query, call),
    },
  };
}
