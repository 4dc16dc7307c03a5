import type { CallError } from '../../call/errors.ts';
import type { Target } from '../../ports/domain.ts';
import type { Found, Unasked } from '../../ports/resolve.ts';
import { type AwsAccount, matchAccounts, type Scope, scopeKey, settleAll } from './accounts.ts';
import { missingPart } from './pages.ts';

/**
 * Looks for one thing in every place that matches, all at once. A place that could not be asked may have one of that name as well,
 * and is named beside what was found.
 * @param look what there is at a place; undefined: it is not there
 * @param missing the error when no place has it
 */
export async function findEverywhere<T extends Target>(
  accounts: readonly AwsAccount[],
  ref: { readonly account?: string; readonly region?: string },
  look: (scope: Scope) => Promise<T | undefined>,
  missing: (where: string) => CallError,
): Promise<Found<T>> {
  const { region } = ref;
  const scopes = matchAccounts(accounts, ref).flatMap((account) =>
    (region === undefined ? account.regions : [region]).map((each): Scope => ({ account, region: each })),
  );
  const answers = await settleAll(scopes, look);
  const targets = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []));
  const unasked = answers.flatMap((answer, index): Unasked[] => {
    const scope = scopes[index];
    return scope && answer.status === 'rejected' ? [{ part: missingPart(scope, answer.reason), error: answer.reason }] : [];
  });
  if (targets.length > 0) return { targets, unasked };
  if (unasked[0]) throw unasked[0].error;
  throw missing(scopes.map(scopeKey).join(', '));
}
