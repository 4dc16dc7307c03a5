import type { FunctionsPort } from '../../../ports/functions.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { AwsContext } from '../context.ts';
import { invoke } from './invoke.ts';
import { get, list, resolveFunction } from './read.ts';

/** Lambda as the functions port. */
export function createFunctions(context: AwsContext): { port: FunctionsPort; resolvers: Pick<TargetResolvers, 'Function'> } {
  return {
    resolvers: { Function: (ref, call) => resolveFunction(context, ref, call) },
    port: {
      list: (targets, query, call) => list(context, targets, query, call),
      get: (target, call) => get(context, target, call),
      invoke: (target, invocation, call) => invoke(context, target, invocation, call),
    },
  };
}
