import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { type AppliedPolicy, readPolicies } from './applied-policies.ts';
import { awsCommand, enumerate } from './commands.ts';
import { compare, grantsOf, lacking } from './grants.ts';
import type { SecuritySettings } from './index.ts';
import { type AgentPrincipal, agentPrincipal } from './principal.ts';
import type { Report } from './review.ts';

/** What every agent needs; the other documents for agents are given only to who wants them. */
const usual = 'ziggie-agent-policy.json';
const file = `file://iam-policies/${usual}`;
const managedName = 'ZiggieAgentPolicy';

/** What AWS lets the agents do, against the documents that this server generates of its tools. */
export async function reviewAppliedPolicy(
  context: AwsContext,
  scope: Scope,
  settings: SecuritySettings,
  report: Report,
  call: CallScope,
): Promise<void> {
  const principal = await agentPrincipal(context, scope.account, call);
  if (principal === 'root') return reportRoot(report);
  const documents = await settings.generatedPolicies();
  const base = documents[usual];
  if (!base) {
    throw new CallError('provider_not_configured', `There is no generated ${usual} to compare with.`, {
      remedy: 'This is a fault of ziggie-cloud; report it with the call id.',
    });
  }
  const forAgents = Object.entries(documents).flatMap(([name, document]) => (name.startsWith('ziggie-agent-') ? grantsOf(document) : []));
  const { policies, complete } = await readPolicies(context.sender, scope, principal, report, call);
  for (const policy of policies) reportMore(policy, compare(grantsOf(policy.document), forAgents), scope, report);
  const applied = policies.flatMap(({ document }) => grantsOf(document));
  // A policy that could not be read may hold what seems to lack.
  if (complete) reportLess(principal, lacking(applied, grantsOf(base)), policies, scope, report);
}

function reportRoot(report: Report): void {
  report.find({
    severity: 'critical',
    rule: 'agents-run-as-root',
    resource: 'root',
    evidence: 'the credentials of this server are those of the root user: AWS refuses agents nothing',
    fix: `make a user or role with ${usual}, and give the server its credentials instead`,
  });
}

function reportMore(policy: AppliedPolicy, { extra, broader }: ReturnType<typeof compare>, scope: Scope, report: Report): void {
  if (extra.length === 0 && broader.length === 0) return;
  const parts = [
    ...(extra.length > 0 ? [`beyond the generated policy: ${enumerate(extra, 20)}`] : []),
    ...(broader.length > 0 ? [`on more than generated: ${enumerate(broader, 10)}`] : []),
  ];
  report.find({
    severity: 'high',
    rule: 'policy-allows-more',
    resource: `${policy.owner.kind}/${policy.owner.name} ${policy.name}`,
    evidence: `allows ${parts.join('; ')}`,
    fix: takeAway(policy, scope),
  });
}

function reportLess(principal: AgentPrincipal, lacks: string[], policies: readonly AppliedPolicy[], scope: Scope, report: Report): void {
  if (lacks.length === 0) return;
  const own = policies.find(isOwn);
  const give = own ? replace(own, scope) : put(principal, scope);
  report.find({
    severity: 'low',
    rule: 'policy-lacks-actions',
    resource: `${principal.kind}/${principal.name}`,
    evidence: `tools will be refused for lack of ${enumerate(lacks, 20)}`,
    fix: give,
  });
}

/** A policy of the account's own that was made of the generated document. */
function isOwn({ name, arn }: AppliedPolicy): boolean {
  return name === managedName && arn !== undefined && !arn.includes(':iam::aws:');
}

function takeAway(policy: AppliedPolicy, scope: Scope): string {
  const { owner, name, arn } = policy;
  if (isOwn(policy)) return replace(policy, scope);
  const who = [`--${owner.kind}-name`, owner.name];
  if (arn !== undefined) return awsCommand(scope, 'iam', `detach-${owner.kind}-policy`, ...who, '--policy-arn', arn);
  return awsCommand(scope, 'iam', `delete-${owner.kind}-policy`, ...who, '--policy-name', name);
}

function replace({ arn = '' }: AppliedPolicy, scope: Scope): string {
  return awsCommand(scope, 'iam', 'create-policy-version', '--policy-arn', arn, '--policy-document', file, '--set-as-default');
}

function put({ kind, name }: AgentPrincipal, scope: Scope): string {
  const who = [`--${kind}-name`, name];
  return awsCommand(scope, 'iam', `put-${kind}-policy`, ...who, '--policy-name', managedName, '--policy-document', file);
}
