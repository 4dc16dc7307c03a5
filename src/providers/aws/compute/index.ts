import type { ComputePort } from '../../../ports/compute.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import { scopeKey, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { restart, start, stop, terminate } from './change.ts';
import { toDetail } from './instance-facts.ts';
import { findInstance, noSuchInstance } from './instances-read.ts';
import { launch } from './launch.ts';
import { list } from './list.ts';
import { metrics } from './metrics.ts';
import { resolveInstance } from './resolver.ts';

/** EC2 and its CloudWatch metrics as the compute port. */
export function createCompute(context: AwsContext): { port: ComputePort; resolvers: Pick<TargetResolvers, 'Instance'> } {
  const { accounts, sender } = context;
  return {
    resolvers: { Instance: (ref, call) => resolveInstance(accounts, sender, ref, call) },
    port: {
      list: (targets, query, call) => list(accounts, sender, targets, query, call),
      async get(target, call) {
        const scope = scopeOf(accounts, target);
        const found = await findInstance(sender, scope, target.id, call);
        if (!found) throw noSuchInstance(target.id, scopeKey(scope), 'provider_not_found');
        return toDetail(found.instance, scope);
      },
      start: (target, call) => start(context, target, call),
      stop: (target, call) => stop(context, target, call),
      restart: (target, call) => restart(context, target, call),
      terminate: (target, call) => terminate(context, target, call),
      launch: (target, spec, call) => launch(context, target, spec, call),
      metrics: (target, query, call) => metrics(sender, scopeOf(accounts, target), target, query, call),
    },
  };
}
