import type { Principal, Resolved } from '../ports/domain.ts';
import type { PolicyAnswer, PolicyPort, SystemFacts } from '../ports/policy.ts';
import type { NonEmpty, Operation } from './operation.ts';

/** Step 5 for one call: every target that must be allowed is asked about on its own. */

export interface DecisionInput {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly input: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly sandbox: boolean;
}

export type Decision =
  | {
      readonly kind: 'allow';
      readonly policyIds: readonly string[];
      readonly targets: NonEmpty<Resolved>;
      readonly leftOut: readonly string[];
    }
  | { readonly kind: 'approval'; readonly policyIds: readonly string[]; readonly advice: readonly string[] }
  | { readonly kind: 'deny'; readonly policyIds: readonly string[]; readonly advice: readonly string[] };

/**
 * Decides as things are, and if that is a no, decides again as if a person had approved.
 * @param approvers who might approve; without any, nobody could, and the hypothetical one has no name
 */
export async function decideCall(
  policy: PolicyPort,
  asked: DecisionInput,
  targets: NonEmpty<Resolved>,
  approvers: () => Promise<readonly string[]>,
): Promise<Decision> {
  const answers = await ask(policy, asked, targets);
  const policyIds = unique(answers.flatMap((answer) => answer.policyIds));
  const allowed = targets.filter((_, index) => answers[index]?.allow === true);
  const [first, ...rest] = allowed;
  if (first && (allowed.length === targets.length || asked.operation.decide === 'any')) {
    const leftOut = targets.filter((target) => !allowed.includes(target)).map(({ id }) => id);
    return { kind: 'allow', policyIds, targets: [first, ...rest], leftOut };
  }
  const denied = answers.filter((answer) => !answer.allow);
  const why = {
    policyIds: unique(denied.flatMap((answer) => answer.policyIds)),
    advice: unique(denied.flatMap((answer) => answer.advice)),
  };
  const known = await approvers();
  for (const approver of known.length > 0 ? known : ['nobody']) {
    if (await allowedWithApproval(policy, asked, targets, approver)) return { kind: 'approval', ...why };
  }
  return { kind: 'deny', ...why };
}

/** The decision that counts once a person has approved: with the real approver, on the same live facts. */
export async function allowedWithApproval(
  policy: PolicyPort,
  asked: DecisionInput,
  targets: NonEmpty<Resolved>,
  approver: string,
): Promise<boolean> {
  const answers = await ask(policy, asked, targets, { approver });
  return answers.every((answer) => answer.allow);
}

function ask(
  policy: PolicyPort,
  asked: DecisionInput,
  targets: NonEmpty<Resolved>,
  approval?: { approver: string },
): Promise<PolicyAnswer[]> {
  const { operation, principal, input, dryRun, sandbox } = asked;
  const system: SystemFacts = { dryRun, sandbox, ...(approval ? { approval } : {}) };
  return Promise.all(targets.map((target) => policy.decide({ principal, tool: operation.name, target, input, system })));
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
