/** A policy folder opened to be asked about, not to serve: for `policy check | explain | test | diff`. */
import { filledAdvice } from '../call/advice.ts';
import type { Operation } from '../call/operation.ts';
import type { Target } from '../ports/domain.ts';
import type { PolicyAnswer, PolicyQuestion } from '../ports/policy.ts';
import { loadCedar } from './cedar.ts';
import { compilePolicies, type KnownIds, type Policies } from './check.ts';
import { createEngine, type Engine, type PolicyLog } from './engine.ts';
import { Untranslatable } from './input-types.ts';
import { PolicyError, type PolicyProblem } from './problems.ts';
import { buildSchema, contextOf, type PolicySchema } from './schema.ts';
import { readPolicies } from './source.ts';

/** The answer itself says what a person asking by hand needs to know. */
const silent: PolicyLog = { warn: () => undefined };

export interface PolicyWorld {
  readonly operations: readonly Operation[];
  readonly known: KnownIds;
}

export type Verdict = 'allow' | 'deny' | 'approval_required';

export interface Judgement {
  readonly verdict: Verdict;
  /** As things are: the policies that allow, that forbid, or that came nearest to allowing. */
  readonly answer: PolicyAnswer;
}

export interface Workbench {
  readonly schema: PolicySchema;
  readonly policies: Policies;
  judge(question: PolicyQuestion): Judgement;
}

/** Opens, uses and closes. Throws `PolicyError` when the folder is not a valid policy set. */
export async function withPolicies<T>(
  folder: string,
  { operations, known }: PolicyWorld,
  use: (bench: Workbench) => T | Promise<T>,
): Promise<T> {
  const cedar = await loadCedar();
  const schema = buildSchema(operations);
  const policies = compilePolicies(cedar, schema, readPolicies(folder), known);
  const engine = createEngine(cedar, schema, policies, silent, known.auditGroup);
  try {
    return await use({ schema, policies, judge: (question) => judge(engine, known.humans, question) });
  } finally {
    engine.close();
  }
}

/** Everything that is wrong with a folder; empty when a server would start with it. */
export async function checkPolicy(folder: string, world: PolicyWorld): Promise<readonly PolicyProblem[]> {
  try {
    await withPolicies(folder, world, () => undefined);
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
}

/** As the road does it: denied as things are, but allowed had an approver said yes, is `approval_required`. */
function judge(engine: Engine, approvers: readonly string[], question: PolicyQuestion): Judgement {
  const answer = engine.decide(question);
  if (answer.allow) return { verdict: 'allow', answer };
  if (question.system.approval) return { verdict: 'deny', answer };
  const candidates = approvers.length > 0 ? approvers : ['nobody'];
  const approvable = candidates.some(
    (approver) => engine.decide({ ...question, system: { ...question.system, approval: { approver } } }).allow,
  );
  return { verdict: approvable ? 'approval_required' : 'deny', answer };
}

export interface Explanation {
  readonly verdict: Verdict;
  readonly policies: readonly { readonly id: string; readonly effect: 'permit' | 'forbid'; readonly file: string; readonly line: number }[];
  readonly advice: readonly string[];
  /** What the policies could see. */
  readonly facts: {
    readonly principal: string;
    readonly teams: readonly string[];
    readonly target: Target;
    /** Absent when the question has no form in Cedar, which is a deny. */
    readonly context: unknown;
  };
}

/** One question with the deciding policies, where they stand, and the facts. Throws `PolicyError`. */
export function explainDecision(folder: string, world: PolicyWorld, question: PolicyQuestion): Promise<Explanation> {
  return withPolicies(folder, world, ({ judge, schema, policies }) => {
    const { verdict, answer } = judge(question);
    const { principal, target } = question;
    return {
      verdict,
      policies: answer.policyIds.flatMap((id) => {
        const policy = policies.get(id);
        return policy ? [{ id, effect: policy.effect, file: policy.place.file, line: policy.place.line }] : [];
      }),
      advice: filledAdvice(answer.advice, question.system.spend),
      facts: {
        principal: `${principal.kind}:${principal.id}`,
        teams: principal.teams,
        target,
        context: contextSeen(schema, question),
      },
    };
  });
}

function contextSeen(schema: PolicySchema, { tool, input, system }: PolicyQuestion): unknown {
  const action = schema.actions.get(tool);
  try {
    return action && contextOf(action, input, system);
  } catch (error) {
    if (error instanceof Untranslatable) return undefined;
    throw error;
  }
}
