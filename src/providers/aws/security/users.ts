import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { awsCommand } from './commands.ts';
import { type AccessKey, readCredentialReport, rootName, type UserCredentials } from './credential-report.ts';
import type { Report } from './review.ts';

const dayMs = 86_400_000;
/** Of an access key (CIS AWS Foundations Benchmark, "access keys are rotated every 90 days or less"). */
const oldestKeyDays = 90;
/** Root is for what nobody else can do: a use within this time should be explained by somebody. */
const rootQuietDays = 30;
/** A new key may take a while to reach the program that it is for. */
const unusedKeyDays = 7;

/** MFA and access keys of root, as the account summary has them. */
export async function reviewRoot({ sender }: AwsContext, scope: Scope, report: Report, call: CallScope): Promise<void> {
  const { SummaryMap } = await sender.ask('iam', scope, call, (sdk) => new sdk.GetAccountSummaryCommand({}));
  // The SDK's type does not know all keys of its map.
  const summary: Partial<Record<string, number>> = answered(SummaryMap, 'GetAccountSummary');
  // Accounts of an organization may have a root user without a password, who cannot sign in at all; older answers leave it out.
  if (answered(summary.AccountMFAEnabled, 'GetAccountSummary') === 0 && summary.AccountPasswordPresent !== 0) {
    report.find({
      severity: 'critical',
      rule: 'root-without-mfa',
      resource: 'root',
      evidence: 'the root user signs in with a password alone',
      fix: 'sign in as root, IAM > My security credentials > Assign MFA device; no other identity can do it',
    });
  }
  if (answered(summary.AccountAccessKeysPresent, 'GetAccountSummary') > 0) {
    report.find({
      severity: 'critical',
      rule: 'root-access-key',
      resource: 'root',
      evidence: 'the root user has an access key, which no policy can hold back',
      fix: 'sign in as root, IAM > My security credentials > Access keys: deactivate it, see that nothing breaks, then delete it',
    });
  }
}

/** Passwords without MFA, old and unused access keys, and the use of root. */
export async function reviewUsers(context: AwsContext, scope: Scope, report: Report, call: CallScope): Promise<void> {
  for (const each of await readCredentialReport(context, scope, call)) {
    if (each.user === rootName) reportRootUse(each, report);
    else reportUser(each, scope, report);
  }
}

function reportRootUse({ passwordUsedAt = 0, keys }: UserCredentials, report: Report): void {
  const usedAt = Math.max(passwordUsedAt, ...keys.map((key) => key.usedAt ?? 0));
  if (Date.now() - usedAt > rootQuietDays * dayMs) return;
  report.find({
    severity: 'medium',
    rule: 'root-used-lately',
    resource: 'root',
    evidence: `the root user was last used on ${dateOf(usedAt)}`,
    fix: 'ask who it was and for what, and give that person a role for it; root is for what nothing else can do',
  });
}

function reportUser({ user, hasPassword, hasMfa, keys }: UserCredentials, scope: Scope, report: Report): void {
  if (hasPassword && !hasMfa) {
    report.find({
      severity: 'high',
      rule: 'user-without-mfa',
      resource: `user/${user}`,
      evidence: 'the user signs in with a password alone',
      fix: `the user adds a device, or: ${awsCommand(scope, 'iam', 'delete-login-profile', '--user-name', user)}`,
    });
  }
  for (const key of keys) reportKey(user, key, scope, report);
}

function reportKey(user: string, { number, rotatedAt, usedAt }: AccessKey, scope: Scope, report: Report): void {
  const days = rotatedAt === undefined ? undefined : Math.floor((Date.now() - rotatedAt) / dayMs);
  // The report does not have the ids of keys.
  const find = awsCommand(scope, 'iam', 'list-access-keys', '--user-name', user);
  const change = awsCommand(scope, 'iam', 'update-access-key', '--user-name', user, '--status', 'Inactive', '--access-key-id', 'KEY_ID');
  const base = { resource: `user/${user}`, fix: `${find}, then ${change}` };
  if (days !== undefined && days > oldestKeyDays) {
    const evidence = `access key ${number} is ${days} days old, ${usedAt === undefined ? 'never used' : `last used on ${dateOf(usedAt)}`}`;
    report.find({ ...base, severity: 'medium', rule: 'old-access-key', evidence });
  } else if (usedAt === undefined && (days === undefined || days > unusedKeyDays)) {
    report.find({ ...base, severity: 'low', rule: 'unused-access-key', evidence: `access key ${number} was never used` });
  }
}

function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
