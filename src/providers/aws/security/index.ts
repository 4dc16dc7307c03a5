import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import type { SecurityPort } from '../../../ports/security.ts';
import { matchAccounts } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { scopesOf } from '../pages.ts';
import { reviewAppliedPolicy } from './applied-policy.ts';
import { reviewBuckets } from './buckets.ts';
import { parseCidr } from './cidr.ts';
import { enableFlowLogs } from './enable-flow-logs.ts';
import { enableTrail } from './enable-trail.ts';
import { reviewUnusedPermissions } from './last-accessed.ts';
import { networkChecks } from './network.ts';
import { type Check, review } from './review.ts';
import { reviewSecrets } from './stale-secrets.ts';
import { reviewTrails } from './trails.ts';
import { reviewRoot, reviewUsers } from './users.ts';

/** An IAM policy document. */
export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly object[];
}

export interface SecuritySettings {
  /** CIDR ranges from which SSH is expected. */
  readonly sshRanges: readonly string[];
  /** The documents that this server generates of its registry, by file name. */
  readonly generatedPolicies: () => Promise<Readonly<Record<string, PolicyDocument>>>;
}

/** Reviews of an account and its network, and what turns the record of both on. */
export function createSecurity(context: AwsContext, settings: SecuritySettings): { port: SecurityPort } {
  const { accounts } = context;
  const namesAccounts = accounts.length > 1;
  const known = settings.sshRanges.flatMap((text) => parseCidr(text) ?? []);
  return {
    port: {
      network: (targets, query, call) => {
        const checks = scopesOf(accounts, targets).flatMap((scope) => networkChecks(context, scope, known, call));
        return review(checks, query, namesAccounts, call);
      },
      account: (targets, query, call) => {
        const checks = targets.flatMap((target) => accountChecks(context, settings, target, call));
        return review(checks, query, namesAccounts, call);
      },
      enableTrail: (target, query, call) => enableTrail(context, target, query, call),
      enableFlowLogs: (target, query, call) => enableFlowLogs(context, target, query, call),
    },
  };
}

/** Secrets live in regions; the rest is asked once. */
function accountChecks(context: AwsContext, settings: SecuritySettings, target: AccountTarget, call: CallScope): Check[] {
  const { sender } = context;
  const { accountId, regions } = target;
  const account = matchAccounts(context.accounts, { account: target.account })[0];
  const scope = { account, region: regions[0] ?? 'us-east-1' };
  const once = (name: string, run: Check['run']): Check => ({ name, scope, regional: false, run });
  return [
    once('trails', (report) => reviewTrails(sender, account, regions, report, call)),
    once('root', (report) => reviewRoot(context, scope, report, call)),
    once('users', (report) => reviewUsers(context, scope, report, call)),
    once('agent-policy', (report) => reviewAppliedPolicy(context, scope, settings, report, call)),
    once('unused-permissions', (report) => reviewUnusedPermissions(context, scope, report, call)),
    once('buckets', (report) => reviewBuckets(sender, scope, accountId, report, call)),
    ...regions.map((region): Check => {
      const place = { account, region };
      return { name: 'secrets', scope: place, regional: true, run: (report) => reviewSecrets(sender, place, report, call) };
    }),
  ];
}
