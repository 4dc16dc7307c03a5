import type { SecurityPort } from '../../../ports/security.ts';
import type { AwsContext } from '../context.ts';

/** An IAM policy document. */
export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly object[];
}

export interface SecuritySettings {
  /** CIDR ranges from which SSH is expected. */
  readonly sshRanges: readonly string[];
  /** The documents that this server generates of its registry, by file name. */
  readonly generatedPolicies: () => Promise<Readonly<Record<string, PolicyDocument>>>;
}

export function createSecurity(_context: AwsContext, _settings: SecuritySettings): { port: SecurityPort } {
  return { port: {}, resolvers: {} } as never;
}
