import type { FunctionsPort } from '../../../ports/functions.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { AwsContext } from '../context.ts';

export function createFunctions(_context: AwsContext): { port: FunctionsPort; resolvers: Pick<TargetResolvers, 'Function'> } {
  return { port: {}, resolvers: {} } as never;
}
