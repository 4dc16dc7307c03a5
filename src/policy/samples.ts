/** Targets and inputs that bring the conditions of given policies into play. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Target } from '../ports/domain.ts';
import type { SpendFacts } from '../ports/spend.ts';
import { sampleTarget } from './entities.ts';
import { walk } from './policy-json.ts';
import type { PolicyAction } from './schema.ts';

/** Values that policies compare with, by what they compare: `tag Project`, `resource.state`, `input.agent`. */
export type Words = ReadonlyMap<string, ReadonlySet<string>>;

export interface Sample {
  readonly target: Target;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Known, and far from any budget. */
export const calmSpend: SpendFacts = {
  currency: 'USD',
  budgetCents: 10_000,
  monthToDateCents: 0,
  forecastCents: 0,
  monthlyCostCents: 0,
  ageMinutes: 0,
};

/** What policies call a fact of spend, and what it is. */
const spendWords: Readonly<Record<string, 'monthToDateCents' | 'forecastCents' | 'budgetCents' | 'monthlyCostCents' | 'ageMinutes'>> = {
  monthToDateCents: 'monthToDateCents',
  forecastCents: 'forecastCents',
  budgetCents: 'budgetCents',
  monthlyCostCents: 'monthlyCostCents',
  spendAgeMinutes: 'ageMinutes',
};

/**
 * Spend to ask with: calm and, where policies look at it, unknown, far over the budget, old, and on both sides of every number that
 * they compare with.
 */
export function spendsFor(policies: readonly PolicyJson[]): readonly (SpendFacts | undefined)[] {
  const words = new Set<string>();
  const numbers = new Set<number>();
  for (const node of policies.flatMap((policy) => [...walk(policy.conditions)])) {
    const { '.': access, Value: value } = node as { '.'?: { attr: string }; Value?: unknown };
    if (access && Object.hasOwn(spendWords, access.attr)) words.add(access.attr);
    if (typeof value === 'number') numbers.add(value);
  }
  if (words.size === 0) return [calmSpend];
  const facts = [...words].flatMap((word) => spendWords[word] ?? []);
  const sides = [...numbers].flatMap((number) => [number, number + 1]);
  return [
    calmSpend,
    undefined,
    ...[2, 20].flatMap((times) => facts.map((fact) => ({ ...calmSpend, [fact]: times * calmSpend.budgetCents }))),
    ...sides.flatMap((side) => facts.map((fact) => ({ ...calmSpend, [fact]: side }))),
  ];
}

export function wordsOf(policies: readonly PolicyJson[]): Words {
  const words = new Map<string, Set<string>>();
  const add = (subject: string | undefined, value: unknown) => {
    if (subject === undefined || typeof value !== 'string') return;
    words.set(subject, (words.get(subject) ?? new Set()).add(value));
  };
  for (const node of policies.flatMap((policy) => [...walk(policy.conditions)])) {
    const { '==': equal, '!=': unequal, contains, hasTag } = node as Record<string, { left: unknown; right: unknown } | undefined>;
    for (const comparison of [equal, unequal]) {
      add(subjectOf(comparison?.left), literalOf(comparison?.right));
      add(subjectOf(comparison?.right), literalOf(comparison?.left));
    }
    const listed = contains && (contains.left as { Set?: unknown[] }).Set;
    for (const item of listed ?? []) add(subjectOf(contains?.right), literalOf(item));
    // A tag that only has to be there.
    if (hasTag) add(`tag ${literalOf(hasTag.right)}`, 'sample');
  }
  return words;
}

/** The smallest and the fullest input, and one for each value that a policy asks for, on every kind of target. */
export function samplesFor(action: PolicyAction, words: Words, accounts: readonly string[]): Sample[] {
  const inputs = [false, true].map((full) => action.input.sample(full) as Record<string, unknown>);
  const [smallest = {}, fullest = {}] = inputs;
  for (const [field, value] of pairs(words, 'input.')) if (field in fullest) inputs.push({ ...smallest, [field]: value });
  for (const field of Object.keys(fullest)) if (!(field in smallest)) inputs.push({ ...smallest, [field]: fullest[field] });

  const plain = sampleTarget(action.entity);
  const tags = pairs(words, 'tag ');
  const targets = [
    plain,
    ...tags.map(([key, value]) => ({ ...plain, tags: { [key]: value } })),
    { ...plain, tags: Object.fromEntries(tags.toReversed()) },
    ...pairs(words, 'resource.').flatMap(([key, value]) => (key in plain ? [sampleTarget(action.entity, { ...plain, [key]: value })] : [])),
    ...accounts.map((account) => sampleTarget(action.entity, { account })),
  ];
  const seen = new Map(targets.map((target) => [JSON.stringify(target), target]));
  return [...seen.values()].flatMap((target) => inputs.map((input) => ({ target, input })));
}

function pairs(words: Words, prefix: string): [string, string][] {
  return [...words].flatMap(([subject, values]) =>
    subject.startsWith(prefix) ? [...values].map((value): [string, string] => [subject.slice(prefix.length), value]) : [],
  );
}

function subjectOf(node: unknown): string | undefined {
  const { getTag, '.': access } = (node ?? {}) as { getTag?: { left: unknown; right: unknown }; '.'?: { left: unknown; attr: string } };
  if (getTag) return `tag ${literalOf(getTag.right)}`;
  if (!access) return undefined;
  const { Var: name, '.': outer } = access.left as { Var?: string; '.'?: { left: { Var?: string }; attr: string } };
  if (name === 'resource') return `resource.${access.attr}`;
  return outer?.left.Var === 'context' && outer.attr === 'input' ? `input.${access.attr}` : undefined;
}

function literalOf(node: unknown): unknown {
  return (node as { Value?: unknown } | undefined)?.Value;
}
