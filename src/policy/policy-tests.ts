/** `config/policy/tests/*.yaml`: questions with the answer that a policy author expects. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Operation } from '../call/operation.ts';
import { didYouMean } from '../config/problem.ts';
import type { Principal, Target, TargetRef } from '../ports/domain.ts';
import { sampleTarget } from './entities.ts';
import type { PolicyProblem } from './problems.ts';
import { calmSpend } from './samples.ts';
import { type PolicyWorld, type Verdict, type Workbench, withPolicies } from './workbench.ts';

const spendFacts = ['monthToDateCents', 'forecastCents', 'budgetCents', 'monthlyCostCents', 'ageMinutes'] as const;

const caseShape = z.strictObject({
  name: z.string().min(1),
  agent: z.string(),
  tool: z.string(),
  input: z.record(z.string(), z.unknown()).default({}),
  /** Facts of the target that matter; the rest is a running, untagged sample. */
  target: z.record(z.string(), z.unknown()).default({}),
  approval: z.strictObject({ approver: z.string() }).optional(),
  /** Spend, in cents; what is not said is known and calm, and `unknown` is what nobody knows. */
  spend: z
    .union([z.literal('unknown'), z.strictObject(Object.fromEntries(spendFacts.map((fact) => [fact, z.int().optional()])))])
    .default({}),
  expect: z.enum(['allow', 'deny', 'approval_required']),
  /** Exactly these policies decide, in any order. */
  policies: z.array(z.string()).optional(),
});
type Case = z.output<typeof caseShape>;

export interface PolicyTestResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Verdict;
  readonly actual: Verdict;
  /** Ids that decided. */
  readonly policies: readonly string[];
  readonly expectedPolicies?: readonly string[];
}

export interface PolicyTestReport {
  readonly results: readonly PolicyTestResult[];
  /** Test files that do not read; a report with problems has not passed. */
  readonly problems: readonly PolicyProblem[];
}

/** Runs every question of a folder, as the road would ask it. Throws `PolicyError` when the policies are not valid. */
export function runPolicyTests(
  folder: string,
  testsFolder: string,
  world: PolicyWorld,
  principals: readonly Principal[],
): Promise<PolicyTestReport> {
  return withPolicies(folder, world, (bench) => {
    const results: PolicyTestResult[] = [];
    const problems: PolicyProblem[] = [];
    for (const file of testFiles(testsFolder, problems)) {
      for (const { line, value } of itemsOf(file, problems)) {
        const outcome = run(bench, world.operations, principals, value);
        if ('message' in outcome) problems.push({ file, line, column: 1, ...outcome });
        else results.push({ file, line, ...outcome });
      }
    }
    return { results, problems };
  });
}

type Misfit = Pick<PolicyProblem, 'message' | 'suggestion'>;

function run({ judge, policies }: Workbench, operations: readonly Operation[], principals: readonly Principal[], value: unknown) {
  const parsed = caseShape.safeParse(value);
  if (!parsed.success) return misfit(firstIssue(parsed.error), keysSuggestion(value, Object.keys(caseShape.shape)));
  const { name, agent, tool, expect, approval, policies: expectedPolicies } = parsed.data;
  const principal = principals.find(({ kind, id }) => kind === 'agent' && id === agent);
  if (!principal)
    return misfit(
      `${name}: no agent is called "${agent}"`,
      didYouMean(
        agent,
        principals.map(({ id }) => id),
      ),
    );
  const operation = operations.find((candidate) => candidate.name === tool);
  if (!operation)
    return misfit(
      `${name}: no tool is called "${tool}"`,
      didYouMean(
        tool,
        operations.map((candidate) => candidate.name),
      ),
    );
  const unknown = expectedPolicies?.find((id) => !policies.has(id));
  if (unknown !== undefined) return misfit(`${name}: no policy has @id("${unknown}")`, didYouMean(unknown, policies.keys()));
  const input = operation.input.safeParse(parsed.data.input);
  if (!input.success) return misfit(`${name}: ${tool} would refuse this input: ${firstIssue(input.error)}`);
  const targets = targetsOf(operation, input.data, principal, parsed.data);
  if ('message' in targets) return targets;

  const dryRun = input.data.dryRun === true;
  const spend = parsed.data.spend === 'unknown' ? {} : { spend: { ...calmSpend, ...parsed.data.spend } };
  const system = { dryRun, sandbox: false, ...spend, ...(approval ? { approval } : {}) };
  const judged = targets.map((target) => judge({ principal, tool, target, input: input.data, system }));
  const actual = together(
    judged.map(({ verdict }) => verdict),
    operation.decide,
  );
  const ids = [...new Set(judged.flatMap(({ answer }) => answer.policyIds))].sort();
  const passed = actual === expect && (expectedPolicies === undefined || ids.join() === [...expectedPolicies].sort().join());
  return { name, passed, expected: expect, actual, policies: ids, ...(expectedPolicies ? { expectedPolicies } : {}) };
}

/** What the tool would act on, with the facts that the test gives. */
function targetsOf(operation: Operation, input: unknown, principal: Principal, { name, target: facts }: Case): Target[] | Misfit {
  const { type, ...given } = facts;
  if (type !== undefined && type !== operation.entity)
    return misfit(`${name}: the target of ${operation.name} is of type ${operation.entity}`);
  const sample = sampleTarget(operation.entity);
  const unknown = Object.keys(given).find((key) => !(key in sample));
  if (unknown !== undefined)
    return misfit(`${name}: ${operation.entity} has no fact "${unknown}"`, didYouMean(unknown, Object.keys(sample)));
  const wrong = Object.entries(given).find(([key, value]) => !sameShape(value, sample[key as keyof Target]));
  if (wrong) return misfit(`${name}: the fact "${wrong[0]}" has the wrong type (quote numbers and true/false in tags)`);
  return operation.targets(input, principal).map((ref) => sampleTarget(operation.entity, { ...known(ref), ...given } as Partial<Target>));
}

function known(ref: TargetRef): Record<string, string> {
  const { type: _, ...named } = ref;
  const texts = Object.entries(named).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  // Zones and applications are named by a word of their own, which is their id.
  return Object.fromEntries(texts.map(([key, text]) => [key === 'zone' || key === 'app' ? 'id' : key, text]));
}

function sameShape(value: unknown, sample: unknown): boolean {
  if (Array.isArray(sample)) return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (typeof sample !== 'object') return typeof value === typeof sample;
  return typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string');
}

function together(verdicts: readonly Verdict[], decide: Operation['decide']): Verdict {
  if (decide === 'any' && verdicts.includes('allow')) return 'allow';
  if (verdicts.length === 0 || verdicts.includes('deny')) return 'deny';
  return verdicts.includes('approval_required') ? 'approval_required' : 'allow';
}

function testFiles(folder: string, problems: PolicyProblem[]): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    if (names.length === 0) problems.push({ file: folder, line: 1, column: 1, message: 'no policy tests here' });
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    problems.push({ file: folder, line: 1, column: 1, message: `cannot be read: ${(error as Error).message}` });
    return [];
  }
}

function itemsOf(file: string, problems: PolicyProblem[]): { line: number; value: unknown }[] {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ file, line, column: col, message: error.message.split('\n')[0] ?? error.message });
  }
  if (document.errors.length > 0) return [];
  if (!isSeq(document.contents)) {
    problems.push({ file, line: 1, column: 1, message: 'expected a list of questions' });
    return [];
  }
  return document.contents.items.map((item) => ({
    line: isMap(item) && item.range ? lines.linePos(item.range[0]).line : 1,
    value: isMap(item) ? item.toJS(document) : item,
  }));
}

function misfit(message: string, suggestion?: string): Misfit {
  return { message, ...(suggestion ? { suggestion } : {}) };
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}` : 'not valid';
}

function keysSuggestion(value: unknown, keys: readonly string[]): string | undefined {
  const wrong = typeof value === 'object' && value !== null ? Object.keys(value).find((key) => !keys.includes(key)) : undefined;
  return wrong === undefined ? undefined : didYouMean(wrong, keys);
}
