import { CallError } from './call/errors.ts';
import type { Operation } from './call/operation.ts';
import type { Settings } from './config/load.ts';
import { compileSessionPolicy, longestSessionPolicy } from './iam/session-policy.ts';
import type { PolicyPort } from './ports/policy.ts';
import { deployActions } from './tools/deploy-actions.ts';

/** What AWS is told that an agent may do, made of the policy that is in force. */
export interface SessionPolicies {
  /** Minified JSON. Throws `CallError` for who is no agent, and for an agent whose policy is longer than STS takes. */
  of(agentId: string): string;
}

export interface SessionPoliciesOptions {
  readonly settings: Settings;
  readonly policy: Pick<PolicyPort, 'hash' | 'visibleTools'>;
  readonly operations: ReadonlyMap<string, Operation>;
}

/**
 * Compiles the session policy of every agent, so that one that cannot be given is found at the start, and again whenever
 * the policy has changed.
 */
export function createSessionPolicies({ settings, policy, operations }: SessionPoliciesOptions): SessionPolicies {
  const declared = [...operations.values()].flatMap(({ iam }) => iam);
  const deploys = deployActions(settings.apps);
  /** Without what only deployments to other kinds of places need than ziggie.yaml has. */
  const neededBy = (tool: string): readonly string[] => {
    const { iam = [], toolset } = operations.get(tool) ?? {};
    return toolset === 'deploy' ? iam.filter((action) => deploys.has(action)) : iam;
  };
  let made: { hash: string; byAgent: Map<string, string> } | undefined;

  const of = (agentId: string): string => {
    const hash = policy.hash();
    if (made?.hash !== hash) made = { hash, byAgent: new Map() };
    const known = made.byAgent.get(agentId);
    if (known !== undefined) return known;
    const agent = settings.agents.find(({ id }) => id === agentId);
    if (!agent) {
      throw new CallError('provider_not_configured', `${agentId} is no agent of ziggie.yaml, and this account is used under a role.`, {
        remedy: 'Call as one of the agents of ziggie.yaml.',
      });
    }
    const tools = policy.visibleTools({ kind: 'agent', id: agent.id, teams: agent.teams, toolsets: agent.toolsets });
    const allowed = tools.flatMap(neededBy);
    const own = new Set(tools.flatMap((tool) => operations.get(tool)?.iam ?? []));
    const rest = { allowed, boundary: agent.boundary, auditGroup: settings.audit.logGroup };
    // Where it is too long otherwise, wildcards may reach what the agent's own tools declare and do not need here.
    const text =
      compileSessionPolicy({ ...rest, declared }) ??
      compileSessionPolicy({ ...rest, declared: declared.filter((action) => allowed.includes(action) || !own.has(action)) });
    if (text === undefined) {
      throw new CallError(
        'provider_not_configured',
        `The session policy of ${agentId} is longer than the ${longestSessionPolicy} characters that STS takes.`,
        { remedy: `Permit ${agentId} fewer tools, or shorten its boundary (buckets, prefixes, secrets, functions) in ziggie.yaml.` },
      );
    }
    made.byAgent.set(agentId, text);
    return text;
  };

  for (const { id } of settings.agents) of(id);
  return { of };
}
