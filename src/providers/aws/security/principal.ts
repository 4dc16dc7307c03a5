import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsAccount, Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';

/** Whose permissions the agents have. */
export interface AgentPrincipal {
  readonly kind: 'role' | 'user';
  readonly name: string;
  /** Absent for a role of which only a session is known. */
  readonly arn?: string;
}

/**
 * The account's role, under which agents run; else the user or role whose credentials the server has. `root` is neither,
 * and may do everything.
 */
export async function agentPrincipal({ identify }: AwsContext, account: AwsAccount, call: CallScope): Promise<AgentPrincipal | 'root'> {
  return toPrincipal(account.role ?? (await identify(account, call)).arn);
}

/** A session's ARN leaves out the path of its role, which IAM has to be asked for. */
export async function arnOf({ sender }: AwsContext, scope: Scope, { name, arn }: AgentPrincipal, call: CallScope): Promise<string> {
  if (arn !== undefined) return arn;
  const { Role } = await sender.ask('iam', scope, call, (sdk) => new sdk.GetRoleCommand({ RoleName: name }));
  return answered(Role?.Arn, 'GetRole');
}

/** (IAM User Guide, "IAM identifiers": a session's ARN is `…:assumed-role/name/session`.) */
function toPrincipal(arn: string): AgentPrincipal | 'root' {
  const [, , , , , resource = ''] = arn.split(':');
  const [kind = '', ...path] = resource.split('/');
  if (kind === 'root') return 'root';
  if (kind === 'assumed-role') return { kind: 'role', name: path[0] ?? '' };
  return { kind: kind === 'role' ? 'role' : 'user', name: path.at(-1) ?? '', arn };
}
