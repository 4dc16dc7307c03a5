import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { SecretsPort } from '../../../ports/secrets.ts';
import type { AwsContext } from '../context.ts';

export function createSecrets(_context: AwsContext): { port: SecretsPort; resolvers: Pick<TargetResolvers, 'Secret'> } {
  return { port: {}, resolvers: {} } as never;
}
