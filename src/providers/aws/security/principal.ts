import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsAccount } from '../accounts.ts';
import type { AwsContext } from '../context.ts';

/** Whose permissions the agents have. */
export interface AgentPrincipal {
  readonly kind: 'role' | 'user';
  readonly name: string;
  readonly arn: string;
}

/**
 * The account's role, under which agents run; else the user or role whose credentials the server has. `root` is neither,
 * and may do everything.
 */
export async function agentPrincipal({ identify }: AwsContext, account: AwsAccount, call: CallScope): Promise<AgentPrincipal | 'root'> {
  return toPrincipal(account.role ?? (await identify(account, call)).arn);
}

/** (IAM User Guide, "IAM identifiers": a session's ARN is `…:assumed-role/name/session`, and leaves out the role's path.) */
function toPrincipal(arn: string): AgentPrincipal | 'root' {
  const [, partition = 'aws', , , accountId = '', resource = ''] = arn.split(':');
  const [kind = '', ...path] = resource.split('/');
  if (kind === 'root') return 'root';
  if (kind !== 'assumed-role') return { kind: kind === 'role' ? 'role' : 'user', name: path.at(-1) ?? '', arn };
  const name = path[0] ?? '';
  return { kind: 'role', name, arn: `arn:${partition}:iam::${accountId}:role/${name}` };
}
