import type { AccessPort, ApprovalView, HealthCheck } from '../ports/access.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { Principal, Resolved } from '../ports/domain.ts';
import { spendInWords } from './advice.ts';
import { decideCall } from './decide.ts';
import { CallError } from './errors.ts';
import type { Road } from './invoke.ts';
import { findOperation, parseInput } from './parse.ts';
import { resolveTargets } from './resolve.ts';

/** A part of the server that can be asked how it is. */
export interface HealthProbe {
  readonly name: string;
  probe(call: CallScope): Promise<Omit<HealthCheck, 'name'>>;
}

export interface AccessOptions {
  /** Later bound: the access operations travel the road that they explain. */
  readonly road: () => Road;
  readonly version: string;
  readonly mode: string;
  readonly probes: readonly HealthProbe[];
  readonly runbooks: ReadonlyMap<string, string>;
}

/** Whether some reading operation on this very target is allowed. An input that does not fit its action is a no. */
async function mayRead({ operations, policy, sandbox }: Road, principal: Principal, target: Resolved): Promise<boolean> {
  const input = identityInput(target);
  for (const { name, effect, entity, input: schema } of (await operations()).values()) {
    if (effect !== 'read' || entity !== target.type || !schema.safeParse(input).success) continue;
    const { allow } = await policy.decide({ principal, tool: name, target, input, system: { dryRun: false, sandbox } });
    if (allow) return true;
  }
  return false;
}

/** Arguments that name a target, as the reading tools of its type take them. */
function identityInput(target: Resolved): Record<string, unknown> {
  switch (target.type) {
    case 'Instance':
      return { provider: target.provider, id: target.id };
    case 'Bucket':
      return { bucket: target.id };
    case 'Object':
      return { bucket: target.bucket, key: target.key };
    case 'Function':
    case 'Secret':
    case 'Alarm':
      return { name: target.name };
    case 'DnsZone':
      return { zone: target.id };
    case 'Application':
      return { app: target.id, provider: target.provider };
    default:
      return {};
  }
}

const nextStep: Readonly<Record<ApprovalView['status'], string>> = {
  pending: 'Wait for a person to decide.',
  approved: 'Repeat the very same call now. If that asks for a new approval, the target or the policy has changed since.',
  rejected: 'Do not repeat the call; ask what to do instead.',
  consumed: 'It was used once and is spent.',
  expired: 'Call again to ask for a new one.',
};

/** What the server tells of itself. */
export function createAccess({ road, version, mode, probes, runbooks }: AccessOptions): AccessPort {
  return {
    async whoami(principal: Principal) {
      const { policy, operations, limitsOf } = road();
      const known = await operations();
      const tools = policy.visibleTools(principal).flatMap((name) => {
        const operation = known.get(name);
        return operation?.listed ? [{ tool: operation.name, effect: operation.effect }] : [];
      });
      return {
        agent: principal.id,
        teams: [...principal.teams],
        capabilities: [...policy.capabilities(principal)],
        tools,
        limits: limitsOf(principal),
        policySet: policy.hash().slice(0, 12),
        mode,
      };
    },

    async explain(principal, tool, raw, call) {
      const { operations, nearestTool, policy, resolvers, sandbox, approverIds, spend: spendPort } = road();
      const operation = findOperation(await operations(), tool, nearestTool);
      const { input, dryRun, references } = parseInput(operation, raw);
      if (!policy.visibleTools(principal).includes(operation.name)) {
        return {
          decision: 'deny',
          policies: [],
          advice: [`No policy lets ${principal.id} use ${tool}, whatever the arguments.`],
          targets: [],
        };
      }
      const asking = { ...call, iam: [...call.iam, ...operation.iam] };
      const { targets: own, secrets } = await resolveTargets(operation, operation.targets(input, principal), references, resolvers, asking);
      const addition = operation.adds?.(input, own[0]);
      const spend = await spendPort.facts(addition);
      const decision = await decideCall(
        policy,
        { operation, principal, input, targets: own, secrets, dryRun, sandbox, spend },
        approverIds,
      );
      const targets = [...own, ...secrets];
      // Facts of what the agent may not read are not told by the way of asking why.
      const readable = await Promise.all(targets.map((target) => mayRead(road(), principal, target)));
      return {
        decision: decision.kind === 'approval' ? 'approval_required' : decision.kind,
        policies: [...decision.policyIds],
        advice: decision.kind === 'allow' ? [] : [...decision.advice],
        ...(addition ? { spend: spendInWords(spend) } : {}),
        targets: targets.map((target, index) => ({
          type: target.type,
          id: target.id,
          tags: readable[index] ? { ...target.tags } : {},
          ...('state' in target && readable[index] ? { state: target.state } : {}),
        })),
      };
    },

    async approval(principal, id) {
      const { store, now } = road();
      const row = store.getApproval(id);
      if (!row || row.requester !== principal.id) {
        throw new CallError('target_unresolved', `You have no approval ${id}.`, {
          remedy: 'Use the id from the approval_required error of your own call.',
          effect: 'none',
        });
      }
      const expired = row.expiresAt <= now() && (row.status === 'pending' || row.status === 'approved');
      const status = expired ? 'expired' : row.status;
      return {
        id,
        status,
        tool: row.tool,
        expiresAt: new Date(row.expiresAt).toISOString(),
        ...(row.approver ? { approver: row.approver } : {}),
        next: nextStep[status],
      };
    },

    searchAudit: (query) => road().audit.search(query),

    async health(call) {
      const checks = await Promise.all(
        probes.map(async ({ name, probe }): Promise<HealthCheck> => {
          try {
            return { name, ...(await probe(call)) };
          } catch (error) {
            return {
              name,
              status: 'failed',
              detail: error instanceof CallError ? `${error.message} ${error.details.remedy}` : 'The check itself failed.',
            };
          }
        }),
      );
      const worst = (['failed', 'degraded', 'ok'] as const).find((status) => checks.some((check) => check.status === status)) ?? 'ok';
      return { status: worst, version, mode, checks };
    },

    async runbook(name) {
      const text = runbooks.get(name);
      if (text !== undefined) return text;
      throw new CallError('target_unresolved', `There is no runbook ${name}.`, {
        remedy: `There are: ${[...runbooks.keys()].join(', ')}.`,
        effect: 'none',
      });
    },
  };
}
