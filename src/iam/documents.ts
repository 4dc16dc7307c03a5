import type { Operation } from '../call/operation.ts';
import { defaultBoundary } from './scopes.ts';
import { type PolicyDocument, type Statement, statementsFor } from './statements.ts';

/** The IAM documents that follow from the registry. `npm run generate` writes them; a test fails when they are stale. */

type Declared = Pick<Operation, 'name' | 'toolset' | 'effect' | 'iam' | 'serverIam'>;

/** Where the audit's second copy goes, unless ziggie.yaml says otherwise. */
const auditGroup = '/ziggie/infrastructure-audit';
/** To be replaced by one's own account before use. */
const exampleAccount = '123456789012';

const document = (Statement: readonly Statement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });

/**
 * What writes secrets, trails and budgets, and what deploys, is asked for separately: many will not want to give it. IAM knows nothing
 * of applications and teams: who may deploy one thing could, around this server, put anything into its bucket, function and instances.
 */
export function isElevated({ effect, toolset, name }: Declared): boolean {
  return effect !== 'read' && ['secrets', 'security', 'costs', 'deploy'].includes(toolset) && name !== 'secrets_use';
}

export function actionsOf(operations: readonly Declared[]): string[] {
  return unique(operations.flatMap(({ iam }) => iam));
}

/** What the server asks for itself, in whosever name it was called: no agent's session has it. */
export function serverActionsOf(operations: readonly Declared[]): string[] {
  return unique(operations.flatMap(({ serverIam }) => serverIam));
}

function unique(actions: readonly string[]): string[] {
  return [...new Set(actions)].sort();
}

/** By file name below iam-policies/. */
export function iamDocuments(operations: readonly Declared[]): Readonly<Record<string, PolicyDocument>> {
  const usual = actionsOf(operations.filter((operation) => !isElevated(operation)));
  const elevated = actionsOf(operations.filter(isElevated)).filter((action) => !usual.includes(action));
  const own = statementsFor(serverActionsOf(operations), defaultBoundary).map((statement) => ({
    ...statement,
    Sid: `Server${statement.Sid}`,
  }));
  return {
    'ziggie-server-policy.json': document(own),
    'ziggie-agent-policy.json': document(statementsFor(usual, defaultBoundary)),
    'ziggie-agent-elevated-policy.json': document(statementsFor(elevated, defaultBoundary)),
    'ziggie-agent-trust-policy.json': document([
      {
        Sid: 'ServerActsForAgents',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${exampleAccount}:role/ZiggieEC2Role` },
        Action: 'sts:AssumeRole',
      },
      {
        Sid: 'AgentIsNamed',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${exampleAccount}:role/ZiggieEC2Role` },
        Action: 'sts:SetSourceIdentity',
      },
    ]),
    'ziggie-ec2-trust-policy.json': document([
      { Sid: 'Ec2RunsTheServer', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ]),
    'ziggie-ec2-role-policy.json': document([
      {
        Sid: 'ActForAgents',
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Resource: `arn:aws:iam::${exampleAccount}:role/ZiggieAgentRole`,
      },
      {
        Sid: 'KeepTheRecord',
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:FilterLogEvents', 'logs:PutLogEvents'],
        Resource: [`arn:aws:logs:*:*:log-group:${auditGroup}`, `arn:aws:logs:*:*:log-group:${auditGroup}:*`],
      },
      {
        Sid: 'ReadOwnConfiguration',
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: ['arn:aws:secretsmanager:*:*:secret:ziggie/hostinger-*', 'arn:aws:secretsmanager:*:*:secret:ziggie/smtp-??????'],
      },
      // The server's identity can add to the record and never take from it, whatever else is attached.
      {
        Sid: 'NeverTakeFromTheRecord',
        Effect: 'Deny',
        Action: ['logs:DeleteLogGroup', 'logs:DeleteLogStream', 'logs:PutRetentionPolicy', 'logs:DeleteRetentionPolicy'],
        Resource: [`arn:aws:logs:*:*:log-group:${auditGroup}`, `arn:aws:logs:*:*:log-group:${auditGroup}:*`],
      },
    ]),
  };
}
