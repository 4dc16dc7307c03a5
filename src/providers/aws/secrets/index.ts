import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { SecretsPort } from '../../../ports/secrets.ts';
import { scopeKey, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { create, remove, restore, update } from './change.ts';
import { toDetail } from './facts.ts';
import { list } from './list.ts';
import { describeSecret, noSuchSecret, resolveSecret } from './resolver.ts';
import { read } from './value.ts';

/** Secrets Manager as the secrets port. */
export function createSecrets(context: AwsContext): { port: SecretsPort; resolvers: Pick<TargetResolvers, 'Secret'> } {
  const { accounts, sender } = context;
  return {
    resolvers: { Secret: (ref, call) => resolveSecret(context, ref, call) },
    port: {
      list: (targets, query, call) => list(context, targets, query, call),
      async describe(secret, call) {
        const scope = scopeOf(accounts, secret);
        const found = await describeSecret(sender, scope, secret.name, call);
        if (!found) throw noSuchSecret(secret.name, scopeKey(scope), 'provider_not_found');
        return toDetail(found, scope);
      },
      create: (secret, write, call) => create(context, secret, write, call),
      update: (secret, write, call) => update(context, secret, write, call),
      delete: (secret, query, call) => remove(context, secret, query, call),
      restore: (secret, call) => restore(context, secret, call),
      read: (secret, field, call) => read(context, secret, field, call),
    },
  };
}
