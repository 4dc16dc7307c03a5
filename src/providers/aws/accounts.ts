import { CallError } from '../../call/errors.ts';

export interface StaticCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * An account as ziggie.yaml and the environment describe it. Where its credentials come from, in this order: `credentials`,
 * then `profile`. With neither there are none: an identity is never picked up from whatever the machine happens to offer.
 */
export interface AwsAccount {
  readonly name: string;
  /** Twelve digits. Checked against what STS says, never trusted instead of it. */
  readonly accountId?: string;
  /** `instance-role` asks the container's or the machine's metadata service. */
  readonly credentials?: StaticCredentials | 'instance-role';
  /** Of the shared AWS files: keys, role, SSO, web identity or credential process. */
  readonly profile?: string;
  /** ARN of the role that every agent's calls run under, each in a session of its own. */
  readonly role?: string;
  readonly regions: readonly string[];
}

/** One account in one region: what a single client talks to. */
export interface Scope {
  readonly account: AwsAccount;
  readonly region: string;
}

export function scopeKey({ account, region }: Scope): string {
  return `${account.name}/${region}`;
}

type NonEmpty<T> = [T, ...T[]];

/**
 * Accounts that match a name and have a region; both optional.
 * Throws `provider_not_configured` when no account matches the name, `invalid_input` when none that does has the region.
 */
export function matchAccounts(accounts: readonly AwsAccount[], want: { account?: string; region?: string }): NonEmpty<AwsAccount> {
  const named = accounts.filter(({ name }) => want.account === undefined || name === want.account);
  if (named.length === 0) {
    const known = accounts.map(({ name }) => name).join(', ') || 'none';
    throw new CallError(
      'provider_not_configured',
      `There is no AWS account ${want.account ?? ''} in the configuration (there is: ${known}).`,
      {
        remedy: 'Use the name of a configured account, or add the account to ziggie.yaml.',
      },
    );
  }
  const { region } = want;
  const [first, ...rest] = named.filter(({ regions }) => region === undefined || regions.includes(region));
  if (!first) {
    const regions = [...new Set(named.flatMap((account) => account.regions))].join(', ');
    throw new CallError('invalid_input', `The region ${region} is not configured (configured: ${regions}).`, {
      remedy: `Use one of ${regions}, or add the region to the account in ziggie.yaml.`,
    });
  }
  return [first, ...rest];
}

/** Where a resolved target lives; throws when the configuration no longer has that place. */
export function scopeOf(accounts: readonly AwsAccount[], { account, region }: { account: string; region: string }): Scope {
  return { account: matchAccounts(accounts, { account, region })[0], region };
}

/** Twelve digits of the account that a role's ARN names. */
export function accountOfRole({ role }: AwsAccount): string | undefined {
  return role?.split(':')[4];
}

/** Throws `provider_not_configured` when the credentials turn out to belong to another account than ziggie.yaml says. */
export function checkAccountId(account: AwsAccount, actual: string): void {
  if (account.accountId === undefined || account.accountId === actual) return;
  throw new CallError(
    'provider_not_configured',
    `The account ${account.name} should be ${account.accountId}, but its ${account.role ? 'role' : 'credentials'} belong${account.role ? 's' : ''} to ${actual}.`,
    { remedy: 'Correct accountId in ziggie.yaml (or AWS_ACCOUNT_ID), or use a role or credentials of the account that it names.' },
  );
}

/** Runs `each` over all items, at most eight at once, and keeps their order and their failures. */
export async function settleAll<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<PromiseSettledResult<R>[]> {
  const atOnce = 8;
  const results: PromiseSettledResult<R>[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.allSettled(items.slice(from, from + atOnce).map(each))));
  }
  return results;
}
