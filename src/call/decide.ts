import type { Principal, Resolved, SecretTarget } from '../ports/domain.ts';
import type { PolicyAnswer, PolicyPort, SystemFacts } from '../ports/policy.ts';
import type { SpendFacts } from '../ports/spend.ts';
import { filledAdvice } from './advice.ts';
import type { NonEmpty, Operation } from './operation.ts';
import { useSecret } from './secret-references.ts';

/** Step 5 for one call: every target that must be allowed is asked about on its own, and so is every secret that it uses. */

export interface DecisionInput {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly input: Readonly<Record<string, unknown>>;
  readonly targets: NonEmpty<Resolved>;
  readonly secrets: readonly Resolved<SecretTarget>[];
  readonly dryRun: boolean;
  readonly sandbox: boolean;
  /** As it was when the targets were resolved. */
  readonly spend: SpendFacts;
}

export type Decision =
  | {
      readonly kind: 'allow';
      readonly policyIds: readonly string[];
      readonly targets: NonEmpty<Resolved>;
      readonly leftOut: readonly string[];
    }
  | { readonly kind: 'approval'; readonly policyIds: readonly string[]; readonly advice: readonly string[] }
  | {
      readonly kind: 'deny';
      readonly policyIds: readonly string[];
      readonly advice: readonly string[];
      /** Secrets that the call refers to and the caller may not use. */
      readonly secrets: readonly string[];
    };

interface Answers {
  /** One for each target. */
  readonly targets: readonly PolicyAnswer[];
  readonly secrets: readonly PolicyAnswer[];
}

/**
 * Decides as things are, and if that is a no, decides again as if a person had approved.
 * @param approvers who might approve; without any, nobody could, and the hypothetical one has no name
 */
export async function decideCall(policy: PolicyPort, asked: DecisionInput, approvers: () => Promise<readonly string[]>): Promise<Decision> {
  const { operation, targets } = asked;
  const answers = await ask(policy, asked);
  const all = [...answers.targets, ...answers.secrets];
  const policyIds = unique(all.flatMap((answer) => answer.policyIds));
  const allowed = targets.filter((_, index) => answers.targets[index]?.allow === true);
  const [first, ...rest] = allowed;
  const enough = allowed.length === targets.length || operation.decide === 'any';
  const personNeeded = operation.approvalOnly?.(asked.input) ?? false;
  if (first && enough && !personNeeded && answers.secrets.every(({ allow }) => allow)) {
    const leftOut = targets.filter((target) => !allowed.includes(target)).map(({ id }) => id);
    return { kind: 'allow', policyIds, targets: [first, ...rest], leftOut };
  }
  const denied = all.filter((answer) => !answer.allow);
  const why = {
    policyIds: unique(denied.flatMap((answer) => answer.policyIds)),
    advice: filledAdvice(unique(denied.flatMap((answer) => answer.advice)), asked.spend),
  };
  const known = await approvers();
  for (const approver of known.length > 0 ? known : ['nobody']) {
    if (!(await allowedWithApproval(policy, asked, approver))) continue;
    const always = personNeeded ? ['This needs a person to approve exactly this call, whatever policy permits.'] : [];
    return { kind: 'approval', policyIds: why.policyIds, advice: [...why.advice, ...always] };
  }
  // Of a call that is denied for its own sake the secrets are not the reason.
  const secrets = enough ? asked.secrets.filter((_, index) => !answers.secrets[index]?.allow).map(({ id }) => id) : [];
  return { kind: 'deny', ...why, secrets };
}

/** The decision that counts once a person has approved: with the real approver, on the same live facts. */
export async function allowedWithApproval(policy: PolicyPort, asked: DecisionInput, approver: string): Promise<boolean> {
  const { targets, secrets } = await ask(policy, asked, { approver });
  return [...targets, ...secrets].every((answer) => answer.allow);
}

async function ask(policy: PolicyPort, asked: DecisionInput, approval?: { approver: string }): Promise<Answers> {
  const { operation, principal, input, dryRun, sandbox, spend } = asked;
  const system: SystemFacts = { dryRun, sandbox, spend, ...(approval ? { approval } : {}) };
  const [targets, secrets] = await Promise.all([
    Promise.all(asked.targets.map((target) => policy.decide({ principal, tool: operation.name, target, input, system }))),
    Promise.all(
      asked.secrets.map((target) => {
        const use = { name: target.name, for: operation.name };
        return policy.decide({ principal, tool: useSecret, target, input: use, system });
      }),
    ),
  ]);
  return { targets, secrets };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
