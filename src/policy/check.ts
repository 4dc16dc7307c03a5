/**
 * Invariant: a policy set that comes out of here has been validated against the generated schema without a warning,
 * every policy has a unique `@id` and an `@advice`, and every agent, team, person, account and action that it names exists.
 */

import type { DetailedError, PolicyJson, ValidationAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import { adviceWords } from '../call/advice.ts';
import { didYouMean } from '../config/problem.ts';
import type { Cedar } from './cedar.ts';
import { namespace } from './entities.ts';
import { entitiesIn } from './policy-json.ts';
import { PolicyError, type PolicyProblem } from './problems.ts';
import type { PolicySchema } from './schema.ts';
import { charOffset, type PolicyFile, placeOf, type Statement, statementsOf } from './source.ts';

/** Ids that exist in ziggie.yaml. Cedar itself takes any id, and a misspelt one in a forbid protects nobody. */
export interface KnownIds {
  readonly agents: readonly string[];
  readonly teams: readonly string[];
  /** Approvers and operators. */
  readonly humans: readonly string[];
  readonly accounts: readonly string[];
  /** Log group of the audit, which policies see as `context.system.auditGroup`. */
  readonly auditGroup?: string;
}

export interface CompiledPolicy {
  readonly id: string;
  readonly advice: string;
  readonly effect: 'permit' | 'forbid';
  readonly source: string;
  readonly json: PolicyJson;
  readonly place: Pick<PolicyProblem, 'file' | 'line' | 'column'>;
}

/** By id. */
export type Policies = ReadonlyMap<string, CompiledPolicy>;

/** Throws `PolicyError` with everything that is wrong, warnings included. */
export function compilePolicies(cedar: Cedar, schema: PolicySchema, files: readonly PolicyFile[], known: KnownIds): Policies {
  const problems: PolicyProblem[] = [];
  const policies = new Map<string, CompiledPolicy>();
  for (const file of files) {
    for (const { statement, json } of parse(cedar, file, problems)) {
      const policy = annotated(statement, json, problems);
      const unknown = unknownIds(statement, json, schema, known);
      problems.push(...unknown);
      if (!policy || unknown.length > 0) continue;
      const twin = policies.get(policy.id);
      if (twin) problems.push(report(statement, `@id("${policy.id}") is taken`, `by ${twin.place.file}:${twin.place.line}`));
      else policies.set(policy.id, policy);
    }
  }
  problems.push(...validate(cedar, schema, policies));
  if (problems.length > 0) throw new PolicyError(problems.sort(byPlace));
  return policies;
}

function parse(cedar: Cedar, file: PolicyFile, problems: PolicyProblem[]): { statement: Statement; json: PolicyJson }[] {
  const statements = statementsOf(file);
  if (statements.length === 0) {
    problems.push({ file: file.file, line: 1, column: 1, message: 'no policy in this file', suggestion: 'delete it, or write one' });
    return [];
  }
  const parsed = statements.flatMap((statement) => {
    const answer = cedar.policyToJson(statement.source);
    if (answer.type === 'success') return [{ statement, json: answer.json }];
    problems.push(...answer.errors.map((error) => fromCedar(statement, error)));
    return [];
  });
  // Cedar's own count guards our cutting: a statement that we lost could be a forbid.
  const whole = cedar.policySetTextToParts(file.text);
  if (parsed.length === statements.length && (whole.type === 'failure' || whole.policies.length !== parsed.length))
    problems.push({ file: file.file, line: 1, column: 1, message: 'the file does not read as a list of policies' });
  return parsed;
}

function annotated(statement: Statement, json: PolicyJson, problems: PolicyProblem[]): CompiledPolicy | undefined {
  const { id, advice, ...unknown } = json.annotations ?? {};
  const found = problems.length;
  for (const name of Object.keys(unknown))
    problems.push(
      report(statement, `unknown annotation @${name}`, didYouMean(name, ['id', 'advice']) ?? 'only @id and @advice have a meaning'),
    );
  if (!id) problems.push(report(statement, 'the policy has no @id("…")', 'decisions and the audit name policies by it'));
  else if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id))
    problems.push(report(statement, `@id("${id}") is not a name`, 'use lower case letters, digits and hyphens, at most 64'));
  if (!advice) problems.push(report(statement, 'the policy has no @advice("…")', 'it is what a denied agent is told'));
  for (const [, word = ''] of (advice ?? '').matchAll(/\{(\w+)\}/g))
    if (json.effect === 'permit')
      problems.push(
        report(
          statement,
          `@advice of a permit has {${word}}`,
          'it is also what an agent may do at any time: only a forbid speaks of spend',
        ),
      );
    else if (!adviceWords.some((known) => known === word))
      problems.push(
        report(statement, `@advice has no {${word}} to fill in`, didYouMean(word, adviceWords) ?? `known: ${adviceWords.join(', ')}`),
      );
  if (problems.length > found || !id || !advice) return undefined;
  return { id, advice, effect: json.effect, source: statement.source, json, place: placeOf(statement, statement.start) };
}

function unknownIds(statement: Statement, json: PolicyJson, schema: PolicySchema, known: KnownIds): PolicyProblem[] {
  const lists: Record<string, { word: string; ids: Iterable<string> }> = {
    Agent: { word: 'agent', ids: known.agents },
    Team: { word: 'team', ids: known.teams },
    Human: { word: 'person', ids: known.humans },
    Account: { word: 'account', ids: known.accounts },
    Action: { word: 'tool or group of tools', ids: schema.actionNames },
  };
  const problems = new Map<string, PolicyProblem>();
  for (const { type, id } of entitiesIn(json)) {
    const list = lists[type.slice(namespace.length + 2)];
    if (!list || [...list.ids].includes(id)) continue;
    const shown = `${type}::${JSON.stringify(id)}`;
    const where = Math.max(0, statement.source.indexOf(shown));
    problems.set(shown, report(statement, `no ${list.word} is called "${id}"`, didYouMean(id, list.ids), where));
  }
  return [...problems.values()];
}

function validate(cedar: Cedar, schema: PolicySchema, policies: Policies): PolicyProblem[] {
  const staticPolicies = Object.fromEntries([...policies].map(([id, { source }]) => [id, source]));
  const answer: ValidationAnswer = cedar.validate({ schema: schema.json, policies: { staticPolicies } });
  const nowhere = { file: '(schema)', line: 1, column: 1 };
  if (answer.type === 'failure') return answer.errors.map(({ message }) => ({ ...nowhere, message }));
  const others = answer.otherWarnings.map(({ message }) => ({ ...nowhere, message }));
  const found = [...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) => {
    const policy = policies.get(policyId);
    return policy ? inPolicy(policy, error) : { ...nowhere, message: error.message };
  });
  return [...others, ...found];
}

function inPolicy({ id, source, place }: CompiledPolicy, error: DetailedError): PolicyProblem {
  const inside = placeOf({ file: place.file, text: source }, charOffset(source, error.sourceLocations?.[0]?.start ?? 0));
  const line = place.line + inside.line - 1;
  const column = inside.line === 1 ? place.column + inside.column - 1 : inside.column;
  const suggestion = error.help?.replace(`for policy \`${id}\`, `, '');
  const message = error.message.replace(`for policy \`${id}\`, `, '');
  return { file: place.file, line, column, message: `${id}: ${message}`, ...(suggestion ? { suggestion } : {}) };
}

function fromCedar(statement: Statement, error: DetailedError): PolicyProblem {
  const offset = charOffset(statement.source, error.sourceLocations?.[0]?.start ?? 0);
  return report(statement, error.message.replace('failed to parse policy from string: ', ''), error.help ?? undefined, offset);
}

function report(statement: Statement, message: string, suggestion?: string, offset = 0): PolicyProblem {
  return { ...placeOf(statement, statement.start + offset), message, ...(suggestion ? { suggestion } : {}) };
}

function byPlace(a: PolicyProblem, b: PolicyProblem): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column;
}
