/** Which decisions change from one policy folder to another, over agents × tools × sample targets and inputs. */
import type { Principal, Target } from '../ports/domain.ts';
import type { PolicyQuestion } from '../ports/policy.ts';
import { actionMatches } from './policy-json.ts';
import { samplesFor, spendsFor, wordsOf } from './samples.ts';
import { type PolicyWorld, type Verdict, withPolicies } from './workbench.ts';

export interface ChangedDecision {
  readonly agent: string;
  readonly tool: string;
  readonly target: Target;
  readonly input: Readonly<Record<string, unknown>>;
  readonly before: Verdict;
  readonly after: Verdict;
  /** Ids of the policies that decide now. */
  readonly policies: readonly string[];
}

/**
 * Samples take tags, attributes and input values from what either set compares with, so that a condition is seen from
 * both sides; they cannot prove that nothing else changed. Throws `PolicyError` when either folder is not valid.
 */
export function diffPolicies(
  oldFolder: string,
  newFolder: string,
  world: PolicyWorld,
  principals: readonly Principal[],
): Promise<ChangedDecision[]> {
  return withPolicies(oldFolder, world, (before) =>
    withPolicies(newFolder, world, (after) => {
      const policies = [...before.policies.values(), ...after.policies.values()].map(({ json }) => json);
      // What a tool's policies do not compare with changes none of its decisions.
      const words = new Map(
        [...after.schema.actions.values()].map((action) => {
          const own = policies.filter((json) => actionMatches(json, action));
          return [action, { words: wordsOf(own), spends: spendsFor(own) }];
        }),
      );
      const changes: ChangedDecision[] = [];
      for (const principal of principals) {
        for (const [action, own] of words) {
          const samples = samplesFor(action, own.words, world.known.accounts);
          for (const { target, input, spend } of own.spends.flatMap((spend) => samples.map((sample) => ({ ...sample, spend })))) {
            const system = { dryRun: false, sandbox: false, ...(spend ? { spend } : {}) };
            const question: PolicyQuestion = { principal, tool: action.tool, target, input, system };
            const then = before.judge(question);
            const now = after.judge(question);
            if (then.verdict === now.verdict) continue;
            const { id: agent } = principal;
            changes.push({
              agent,
              tool: action.tool,
              target,
              input,
              before: then.verdict,
              after: now.verdict,
              policies: now.answer.policyIds,
            });
          }
        }
      }
      return changes;
    }),
  );
}
