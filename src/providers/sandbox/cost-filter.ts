import type { Expression, GroupDefinition } from '@aws-sdk/client-cost-explorer';
import type { CostItem } from './cost-items.ts';
import { notInSandbox } from './fault.ts';

const dimensions: Readonly<Record<string, (item: CostItem) => string>> = {
  SERVICE: ({ service }) => service,
  USAGE_TYPE: ({ usageType }) => usageType,
  REGION: ({ region }) => region,
  RECORD_TYPE: ({ recordType }) => recordType,
  LINKED_ACCOUNT: ({ account }) => account,
};

function dimension(key: string | undefined): (item: CostItem) => string {
  const read = key !== undefined && Object.hasOwn(dimensions, key) ? dimensions[key] : undefined;
  if (!read) throw notInSandbox(`costs by ${key}`);
  return read;
}

/** Key of a group as AWS writes it: a tag's with the name of the tag, empty behind it where there is none. */
export function keyOf({ Type, Key = '' }: GroupDefinition): (item: CostItem) => string {
  if (Type === 'TAG') return ({ tags }) => `${Key}$${tags[Key] ?? ''}`;
  if (Type !== 'DIMENSION') throw notInSandbox(`costs by ${Type}`);
  return dimension(Key);
}

/** What an expression lets through; an absent one everything. */
export function matching(expression: Expression | undefined): (item: CostItem) => boolean {
  if (!expression) return () => true;
  const { And, Not, Dimensions, ...others } = expression;
  const tests: ((item: CostItem) => boolean)[] = [];
  if (And) tests.push(...And.map(matching));
  if (Not) {
    const test = matching(Not);
    tests.push((item) => !test(item));
  }
  if (Dimensions) {
    const { Key, Values = [], MatchOptions = ['EQUALS'] } = Dimensions;
    const read = dimension(Key);
    if (MatchOptions.join() !== 'EQUALS') throw notInSandbox(`filters by ${MatchOptions.join()}`);
    tests.push((item) => Values.includes(read(item)));
  }
  if (tests.length === 0 || Object.keys(others).length > 0) throw notInSandbox('this filter');
  return (item) => tests.every((test) => test(item));
}
