import type { SecretListEntry } from '@aws-sdk/client-secrets-manager';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { awsCommand } from './commands.ts';
import { readAll } from './read-all.ts';
import type { Report } from './review.ts';

const dayMs = 86_400_000;
/** A value that nobody changed for so long should have been rotated. */
const oldValueDays = 90;
/** Nobody read it for so long. */
const untouchedDays = 90;
const mostPages = 10;

/** Secrets that nothing rotates, and those that nobody reads. Their values are not looked at. */
export async function reviewSecrets(sender: Sender, scope: Scope, report: Report, call: CallScope): Promise<void> {
  const { items, complete } = await readAll(mostPages, async (NextToken) => {
    const reply = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.ListSecretsCommand({ MaxResults: 100, NextToken }));
    return { items: answered(reply.SecretList, 'ListSecrets'), next: reply.NextToken };
  });
  if (!complete) report.tooMuch('secrets');
  for (const secret of items) {
    reportRotation(secret, scope, report);
    reportUse(secret, scope, report);
  }
}

/** Services that own a secret rotate it themselves. */
function reportRotation({ Name = '', RotationEnabled, OwningService, ...times }: SecretListEntry, scope: Scope, report: Report): void {
  if (RotationEnabled || OwningService) return;
  const changedAt = times.LastChangedDate ?? times.CreatedDate;
  const days = daysSince(changedAt);
  const rule = 'AutomaticallyAfterDays=30';
  report.find({
    severity: days > oldValueDays ? 'medium' : 'low',
    rule: 'secret-without-rotation',
    resource: Name,
    region: scope.region,
    evidence: `nothing rotates it; its value was last changed ${changedAt ? `on ${dateOf(changedAt)}` : 'nobody knows when'}`,
    fix: awsCommand(
      scope,
      'secretsmanager',
      'rotate-secret',
      '--secret-id',
      Name,
      '--rotation-lambda-arn',
      'FUNCTION_ARN',
      '--rotation-rules',
      rule,
    ),
  });
}

function reportUse({ Name = '', LastAccessedDate, CreatedDate }: SecretListEntry, scope: Scope, report: Report): void {
  if (daysSince(LastAccessedDate ?? CreatedDate) <= untouchedDays) return;
  report.find({
    severity: 'low',
    rule: 'secret-not-used',
    resource: Name,
    region: scope.region,
    evidence: LastAccessedDate ? `last read on ${dateOf(LastAccessedDate)}` : 'nobody ever read it',
    fix: toolOrOwner(Name, scope),
  });
}

function toolOrOwner(name: string, { account, region }: Scope): string {
  return `ask its owner, then secrets_delete ${JSON.stringify({ name, region, account: account.name })}`;
}

function daysSince(date: Date | undefined): number {
  return date === undefined ? Number.POSITIVE_INFINITY : (Date.now() - date.getTime()) / dayMs;
}

function dateOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
