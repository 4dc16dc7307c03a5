import type { Trail } from '@aws-sdk/client-cloudtrail';
import type { CallScope } from '../../../ports/call-scope.ts';
import { type AwsAccount, type Scope, settleAll } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { awsCommand, toolCall } from './commands.ts';
import { trailName } from './enable-trail.ts';
import { recordsManagement } from './event-selectors.ts';
import type { Report } from './review.ts';

/** A trail and what it is doing. */
interface TrailFacts {
  readonly trail: Trail;
  /** Of its home region, where alone it can be changed. */
  readonly scope: Scope;
  readonly logging: boolean;
  readonly deliveryError?: string;
  readonly recordsManagement: boolean;
}

/** What an account should have: one trail at least that logs, covers all regions, records management events and can be validated. */
export async function reviewTrails(
  sender: Sender,
  account: AwsAccount,
  regions: readonly string[],
  report: Report,
  call: CallScope,
): Promise<void> {
  const { trails, complete } = await findTrails(sender, account, regions, report, call);
  const answers = await settleAll(trails, (trail) => look(sender, account, trail, call));
  const seen = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const unseen = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  for (const error of unseen) report.gap(error);
  const on = seen.filter(({ logging }) => logging);
  for (const each of seen) reportTrail(each, on, report);
  // A trail that could not be looked at may be the very one.
  if (complete && unseen.length === 0) reportAccount(on, account, report);
}

/** Trails of all regions; those that cover several are shown in each of them, and once here. */
async function findTrails(sender: Sender, account: AwsAccount, regions: readonly string[], report: Report, call: CallScope) {
  const answers = await settleAll(regions, async (region) => {
    const reply = await sender.ask('cloudtrail', { account, region }, call, (sdk) => new sdk.DescribeTrailsCommand({}));
    return answered(reply.trailList, 'DescribeTrails');
  });
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  for (const error of failures) report.gap(error);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const trails = [...new Map(found.map((trail) => [trail.TrailARN, trail])).values()];
  return { trails, complete: failures.length === 0 };
}

async function look(sender: Sender, account: AwsAccount, trail: Trail, call: CallScope): Promise<TrailFacts> {
  const scope = { account, region: trail.HomeRegion ?? account.regions[0] ?? 'us-east-1' };
  // Only the ARN names a trail that belongs to the organization.
  const Name = (trail.IsOrganizationTrail ? trail.TrailARN : trail.Name) ?? '';
  const [status, selectors] = await Promise.all([
    sender.ask('cloudtrail', scope, call, (sdk) => new sdk.GetTrailStatusCommand({ Name })),
    sender.ask('cloudtrail', scope, call, (sdk) => new sdk.GetEventSelectorsCommand({ TrailName: Name })),
  ]);
  return {
    trail,
    scope,
    logging: answered(status.IsLogging, 'GetTrailStatus'),
    ...(status.LatestDeliveryError ? { deliveryError: status.LatestDeliveryError } : {}),
    recordsManagement: recordsManagement(selectors),
  };
}

function reportTrail({ trail, scope, logging, deliveryError }: TrailFacts, on: readonly TrailFacts[], report: Report): void {
  const name = trail.Name ?? '';
  const found = { resource: name, region: scope.region };
  if (!logging) {
    report.find({
      ...found,
      severity: on.length === 0 ? 'high' : 'medium',
      rule: 'trail-stopped',
      evidence: 'the trail exists, and its logging is switched off',
      fix: awsCommand(scope, 'cloudtrail', 'start-logging', '--name', name),
    });
    return;
  }
  if (deliveryError) {
    report.find({
      ...found,
      severity: 'high',
      rule: 'trail-not-delivered',
      evidence: `CloudTrail cannot write to ${trail.S3BucketName}: ${deliveryError}`,
      fix: letIn(trail, scope),
    });
  }
  if (!trail.LogFileValidationEnabled) {
    report.find({
      ...found,
      severity: 'medium',
      rule: 'trail-without-validation',
      evidence: 'log files have no digests, so that a change to them does not show',
      fix: awsCommand(scope, 'cloudtrail', 'update-trail', '--name', name, '--enable-log-file-validation'),
    });
  }
}

/** Our own trail knows what its bucket has to allow; for others somebody has to read the policy. */
function letIn({ Name, S3BucketName = '' }: Trail, scope: Scope): string {
  if (Name === trailName) return toolCall('security_enable_trail', { bucket: S3BucketName, account: scope.account.name });
  return `let cloudtrail.amazonaws.com in: ${awsCommand(scope, 's3api', 'get-bucket-policy', '--bucket', S3BucketName)}`;
}

function reportAccount(on: readonly TrailFacts[], account: AwsAccount, report: Report): void {
  const [first] = on;
  if (!first) {
    report.find({
      severity: 'high',
      rule: 'no-trail',
      resource: account.name,
      evidence: 'no CloudTrail trail of the account is logging',
      fix: toolCall('security_enable_trail', { account: account.name }),
    });
    return;
  }
  const name = first.trail.Name ?? '';
  if (!on.some(({ trail }) => trail.IsMultiRegionTrail)) {
    report.find({
      severity: 'medium',
      rule: 'trail-not-multi-region',
      resource: name,
      region: first.scope.region,
      evidence: 'what happens in other regions is not recorded',
      fix: awsCommand(first.scope, 'cloudtrail', 'update-trail', '--name', name, '--is-multi-region-trail'),
    });
  }
  if (!on.some(({ recordsManagement }) => recordsManagement)) {
    const selector = 'ReadWriteType=All,IncludeManagementEvents=true';
    report.find({
      severity: 'high',
      rule: 'trail-without-management-events',
      resource: name,
      region: first.scope.region,
      evidence: 'no trail records all management events: who changed what in the account',
      fix: awsCommand(first.scope, 'cloudtrail', 'put-event-selectors', '--trail-name', name, '--event-selectors', selector),
    });
  }
}
