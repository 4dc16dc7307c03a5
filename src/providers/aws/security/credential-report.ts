import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { parseCsv } from './csv.ts';
import { poll } from './poll.ts';

/** An access key of a user. Times are epoch milliseconds; absent: never, or not known. */
export interface AccessKey {
  /** 1 or 2. */
  readonly number: number;
  readonly rotatedAt?: number;
  readonly usedAt?: number;
}

export interface UserCredentials {
  readonly user: string;
  readonly hasPassword: boolean;
  readonly hasMfa: boolean;
  readonly passwordUsedAt?: number;
  /** Active ones only. */
  readonly keys: readonly AccessKey[];
}

/** How IAM calls the root user in its report. */
export const rootName = '<root_account>';

/**
 * IAM's credential report, made anew when the last one is older than four hours. Making one changes nothing.
 * (IAM User Guide, "Get credential reports for your AWS account")
 * @throws CallError `timeout` when it was not ready within the call's wait, `provider_unavailable` for a report that cannot be read
 */
export async function readCredentialReport({ sender, pollMs }: AwsContext, scope: Scope, call: CallScope): Promise<UserCredentials[]> {
  const ask = async () => {
    const { State } = await sender.ask('iam', scope, call, (sdk) => new sdk.GenerateCredentialReportCommand({}));
    return answered(State, 'GenerateCredentialReport') === 'COMPLETE' ? true : undefined;
  };
  await poll(ask, 'the credential report', pollMs, call);
  const { Content } = await sender.ask('iam', scope, call, (sdk) => new sdk.GetCredentialReportCommand({}));
  const rows = parseCsv(new TextDecoder().decode(answered(Content, 'GetCredentialReport')));
  if (!rows?.every((row) => 'user' in row && 'mfa_active' in row && 'access_key_1_active' in row)) {
    throw new CallError('provider_unavailable', 'The credential report of IAM is not a table that this server understands.', {
      remedy: 'Look at it with: aws iam get-credential-report. Report it if it is complete.',
      provider: { code: 'UnreadableReply' },
    });
  }
  return rows.map(toCredentials);
}

function toCredentials(row: Record<string, string>): UserCredentials {
  const passwordUsedAt = timeOf(row.password_last_used);
  return {
    user: row.user ?? '',
    hasPassword: row.password_enabled === 'true',
    hasMfa: row.mfa_active === 'true',
    ...(passwordUsedAt === undefined ? {} : { passwordUsedAt }),
    keys: [1, 2].filter((number) => row[`access_key_${number}_active`] === 'true').map((number) => keyOf(row, number)),
  };
}

function keyOf(row: Record<string, string>, number: number): AccessKey {
  const rotatedAt = timeOf(row[`access_key_${number}_last_rotated`]);
  const usedAt = timeOf(row[`access_key_${number}_last_used_date`]);
  return { number, ...(rotatedAt === undefined ? {} : { rotatedAt }), ...(usedAt === undefined ? {} : { usedAt }) };
}

/** The report says `N/A`, `no_information` and `not_supported` where there is no time. */
function timeOf(text = ''): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
