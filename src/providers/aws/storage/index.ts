import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { StoragePort } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';

export interface StorageSettings {
  /** Absolute path of the folder that uploads may come from; absent: uploads from files are refused. */
  readonly workspace?: string;
  /** Longest life of a shared address, in minutes. */
  readonly maxShareMinutes: number;
}

export function createStorage(
  _context: AwsContext,
  _settings: StorageSettings,
): { port: StoragePort; resolvers: Pick<TargetResolvers, 'Bucket' | 'Object'> } {
  return { port: {}, resolvers: {} } as never;
}
