import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionsOf, iamDocuments, serverActionsOf } from '../../src/iam/documents.ts';
import { defaultBoundary, scopedActions, scopeNameOf } from '../../src/iam/scopes.ts';
import { compileSessionPolicy, longestSessionPolicy } from '../../src/iam/session-policy.ts';
import type { PolicyDocument } from '../../src/iam/statements.ts';
import { openPolicy, type Policy } from '../../src/policy/open-policy.ts';
import { operations } from '../../src/tools/index.ts';
import { temporaryFolder } from '../support/folders.ts';
import { isAllowed, type Question } from './evaluator.ts';

/** Tags, prefixes and sessions are proven on the documents: moto evaluates neither conditions nor session policies. */

const arn = (service: string, rest: string) => `arn:aws:${service}:eu-north-1:123456789012:${rest}`;
const ours = { 'aws:ResourceTag/Project': 'Ziggie' };
const instance = arn('ec2', 'instance/i-0123456789abcdef0');

/** A request inside the boundary and, where there is an outside, one beyond it. */
const places: Readonly<Record<ReturnType<typeof scopeNameOf>, readonly [Omit<Question, 'action'>, ...Omit<Question, 'action'>[]]>> = {
  any: [{ resource: '*' }],
  instances: [
    { resource: instance, context: ours },
    { resource: instance },
    { resource: instance, context: { 'aws:ResourceTag/Project': 'Other' } },
  ],
  launch: [{ resource: instance, context: { 'aws:RequestTag/Project': 'Ziggie' } }, { resource: instance }],
  tagAtLaunch: [{ resource: instance, context: { 'ec2:CreateAction': 'RunInstances' } }, { resource: instance }],
  passRole: [
    { resource: 'arn:aws:iam::123456789012:role/ziggie-web', context: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    { resource: 'arn:aws:iam::123456789012:role/admin', context: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    { resource: 'arn:aws:iam::123456789012:role/ziggie-web', context: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
  ],
  buckets: [
    { resource: 'arn:aws:s3:::ziggie-deployments' },
    { resource: 'arn:aws:s3:::payroll' },
    { resource: 'arn:aws:s3:::ziggie-deployments-2' },
  ],
  objects: [{ resource: 'arn:aws:s3:::ziggie-deployments/web/index.html' }, { resource: 'arn:aws:s3:::payroll/web/index.html' }],
  auditBucket: [{ resource: 'arn:aws:s3:::ziggie-audit-logs' }, { resource: 'arn:aws:s3:::payroll' }],
  functions: [{ resource: arn('lambda', 'function:ziggie-report') }, { resource: arn('lambda', 'function:payroll') }],
  secrets: [
    { resource: arn('secretsmanager', 'secret:ziggie/db-AbCdEf') },
    { resource: arn('secretsmanager', 'secret:payroll/db-AbCdEf') },
  ],
  commands: [
    { resource: instance, context: ours },
    { resource: instance },
    { resource: instance, context: { 'aws:ResourceTag/Project': 'Other' } },
    { resource: 'arn:aws:ssm:eu-north-1:123456789012:document/AWS-RunPowerShellScript' },
    { resource: 'arn:aws:ssm:eu-north-1:123456789012:document/Own' },
  ],
  distributions: [{ resource: 'arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE' }],
  budgets: [{ resource: 'arn:aws:budgets::123456789012:budget/ziggie-monthly' }],
  topics: [{ resource: arn('sns', 'ziggie-costs') }, { resource: arn('sns', 'payroll') }],
  mail: [{ resource: arn('ses', 'identity/example.com') }],
  trail: [{ resource: arn('cloudtrail', 'trail/ziggie-audit-trail') }, { resource: arn('cloudtrail', 'trail/other') }],
};

const declared = actionsOf(operations);
const { 'ziggie-agent-policy.json': usual, 'ziggie-agent-elevated-policy.json': elevated } = iamDocuments(operations);
const role = { usual, elevated } as Record<string, PolicyDocument>;
const own = serverActionsOf(operations);
const server = { own: iamDocuments(operations)['ziggie-server-policy.json'] } as Record<string, PolicyDocument>;
const auditGroup = '/ziggie/infrastructure-audit';

/** Actions of the policy for which inside is not allowed, or outside is. */
async function wrong(
  actions: readonly string[],
  allowed: readonly string[],
  session?: PolicyDocument,
  documents: Record<string, PolicyDocument> = role,
): Promise<string[]> {
  const answers = await Promise.all(
    actions.flatMap((action) => {
      const [inside, ...outside] = places[scopeNameOf(action)];
      return [
        isAllowed(documents, { action, ...inside }, session).then((is) =>
          is === allowed.includes(action) ? [] : [`${action} inside: ${is}`],
        ),
        ...outside.map((place) =>
          isAllowed(documents, { action, ...place }, session).then((is) => (is ? [`${action} on ${JSON.stringify(place)}`] : [])),
        ),
      ];
    }),
  );
  return answers.flat();
}

describe('the generated documents', () => {
  it('allow every action that a tool declares, within the boundary, and not beyond', async () => {
    expect(declared.length).toBeGreaterThan(20);
    expect(await wrong(declared, declared)).toEqual([]);
  });

  it('let the server itself do what is for all agents, which no agent is given', async () => {
    expect(own).toEqual(expect.arrayContaining(['ce:GetCostAndUsage', 'budgets:ModifyBudget', 'sns:Publish', 'ses:SendRawEmail']));
    expect(await wrong(own, own, undefined, server)).toEqual([]);
    expect(await wrong(own, [])).toEqual([]);
  });

  it('place exactly the actions that tools declare', () => {
    const all = [...declared, ...own];
    expect(scopedActions.filter((action) => !all.includes(action))).toEqual([]);
    expect(all.filter((action) => !scopedActions.includes(action))).toEqual([]);
  });

  it('give what deployments and nobody else needs to those who ask for it', async () => {
    const usually = { usual } as Record<string, PolicyDocument>;
    const questions: Question[] = [
      { action: 'ssm:SendCommand', resource: instance, context: ours },
      { action: 'lambda:UpdateFunctionCode', resource: arn('lambda', 'function:ziggie-report') },
      { action: 'cloudfront:CreateInvalidation', resource: 'arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE' },
    ];
    expect(await Promise.all(questions.map((question) => isAllowed(usually, question)))).toEqual([false, false, false]);
    expect(await Promise.all(questions.map((question) => isAllowed(role, question)))).toEqual([true, true, true]);
  });

  it('refuse what no tool declares', async () => {
    const others: Question[] = [
      { action: 'ec2:ModifyInstanceAttribute', resource: instance, context: ours },
      { action: 's3:DeleteBucket', resource: 'arn:aws:s3:::ziggie-deployments' },
      { action: 'iam:CreateUser', resource: 'arn:aws:iam::123456789012:user/new' },
      { action: 'logs:DeleteLogGroup', resource: arn('logs', `log-group:${auditGroup}`) },
    ];
    expect(await Promise.all(others.map((question) => isAllowed(role, question)))).toEqual(others.map(() => false));
  });
});

describe('session policies', () => {
  let policy: Policy;
  const folder = temporaryFolder();
  const agents = [
    { kind: 'agent', id: 'agent-marcus', teams: ['backend'], toolsets: [] },
    { kind: 'agent', id: 'agent-chen', teams: ['frontend'], toolsets: [] },
    { kind: 'agent', id: 'agent-ziggie', teams: ['coordinator'], toolsets: [] },
  ] as const;
  beforeAll(async () => {
    policy = await openPolicy({
      folder: join(import.meta.dirname, '../../config/policy'),
      operations,
      known: { agents: agents.map(({ id }) => id), teams: ['backend', 'frontend', 'coordinator'], humans: [], accounts: ['main'] },
      principals: agents,
      cacheFile: join(folder, 'visible.json'),
      log: { warn: () => undefined },
      onReload: () => undefined,
    });
  });
  afterAll(() => policy.close());

  it.each(agents)('give $id exactly what its tools declare, within the boundary', async (agent) => {
    const tools = policy.visibleTools(agent);
    const allowed = actionsOf(operations.filter(({ name }) => tools.includes(name)));
    const text = compileSessionPolicy({ allowed, declared, boundary: defaultBoundary, auditGroup }) ?? '';
    expect(text.length).toBeGreaterThan(100);
    expect(text.length).toBeLessThanOrEqual(longestSessionPolicy);
    expect(await wrong(declared, allowed, JSON.parse(text))).toEqual([]);
  });

  it('keep an agent to its own prefixes and buckets', async () => {
    const boundary = { ...defaultBoundary, buckets: ['site'], prefixes: ['web/*'] };
    const text = compileSessionPolicy({ allowed: ['s3:PutObject', 's3:ListBucket'], declared, boundary, auditGroup }) ?? '';
    const session = JSON.parse(text);
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const ask = (resource: string) => isAllowed(anything, { action: 's3:PutObject', resource }, session);
    expect(await ask('arn:aws:s3:::site/web/index.html')).toBe(true);
    expect(await ask('arn:aws:s3:::site/api/index.html')).toBe(false);
    expect(await ask('arn:aws:s3:::ziggie-deployments/web/index.html')).toBe(false);
  });

  it('close the audit group to queries, even under a role that may do anything', async () => {
    const text = compileSessionPolicy({ allowed: ['logs:FilterLogEvents'], declared, boundary: defaultBoundary, auditGroup }) ?? '';
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const ask = (group: string) =>
      isAllowed(anything, { action: 'logs:FilterLogEvents', resource: arn('logs', `log-group:${group}`) }, JSON.parse(text));
    expect(await ask('/app/web')).toBe(true);
    expect(await ask(auditGroup)).toBe(false);
  });

  it('let services use the keys of the boundary in the name of the agent, and nobody else', async () => {
    const key = arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab');
    const text =
      compileSessionPolicy({ allowed: ['s3:GetObject'], declared, boundary: { ...defaultBoundary, kmsKeys: [key] }, auditGroup }) ?? '';
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const resourcePolicy: PolicyDocument = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' }],
    };
    const ask = (resource: string, service: string) =>
      isAllowed(anything, { action: 'kms:Decrypt', resource, context: { 'kms:ViaService': service }, resourcePolicy }, JSON.parse(text));
    expect(await ask(key, 's3.eu-north-1.amazonaws.com')).toBe(true);
    expect(await ask(key, 'dynamodb.eu-north-1.amazonaws.com')).toBe(false);
    expect(await ask(arn('kms', 'key/other'), 's3.eu-north-1.amazonaws.com')).toBe(false);
  });

  it('reach an alias of a function that is named whole', async () => {
    const boundary = { ...defaultBoundary, functions: ['report'] };
    const text = compileSessionPolicy({ allowed: ['lambda:InvokeFunction'], declared, boundary, auditGroup }) ?? '';
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const ask = (name: string) =>
      isAllowed(anything, { action: 'lambda:InvokeFunction', resource: arn('lambda', `function:${name}`) }, JSON.parse(text));
    expect(await Promise.all(['report', 'report:live', 'reporting'].map(ask))).toEqual([true, true, false]);
  });

  it('never let a wildcard reach a declared action that is not meant (random agents and boundaries)', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{2,40}\*?$/);
    fc.assert(
      fc.property(
        fc.subarray(declared, { minLength: 1 }),
        fc.record({
          buckets: fc.array(name, { maxLength: 4 }),
          secrets: fc.array(name, { maxLength: 4 }),
          functions: fc.array(name, { maxLength: 4 }),
        }),
        (allowed, more) => {
          const text = compileSessionPolicy({ allowed, declared, boundary: { ...defaultBoundary, ...more }, auditGroup });
          if (text === undefined) return;
          expect(text.length).toBeLessThanOrEqual(longestSessionPolicy);
          const { Statement } = JSON.parse(text) as PolicyDocument;
          const patterns = Statement.filter(({ Effect }) => Effect === 'Allow')
            .flatMap(({ Action }) => Action)
            .concat('sts:GetCallerIdentity');
          const covers = (action: string) => patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action));
          expect(declared.filter((action) => covers(action) && ![...allowed, 'sts:GetCallerIdentity'].includes(action))).toEqual([]);
          const reachable = allowed.filter((action) => !covers(action));
          // What has no resource within the boundary has no statement.
          expect(reachable.filter((action) => !['buckets', 'objects', 'secrets', 'functions'].includes(scopeNameOf(action)))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('let Run Command run one document, on tagged instances', async () => {
    const text = compileSessionPolicy({ allowed: ['ssm:SendCommand'], declared, boundary: defaultBoundary, auditGroup }) ?? '';
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const ask = (resource: string, context = {}) => isAllowed(anything, { action: 'ssm:SendCommand', resource, context }, JSON.parse(text));
    expect(await ask('arn:aws:ssm:eu-north-1:123456789012:document/AWS-RunShellScript')).toBe(true);
    expect(await ask('arn:aws:ssm:eu-north-1:123456789012:document/AWS-RunPatchBaseline')).toBe(false);
    expect(await ask(instance, ours)).toBe(true);
    expect(await ask(instance)).toBe(false);
  });

  it('fit for an agent that may call every tool', async () => {
    const everything = [...declared].sort();
    const text = compileSessionPolicy({ allowed: everything, declared: everything, boundary: defaultBoundary, auditGroup }) ?? '';
    expect(text.length).toBeGreaterThan(100);
    const session = JSON.parse(text) as PolicyDocument;
    const anything = { all: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } } as const;
    const beyond = everything.flatMap((action) => places[scopeNameOf(action)].slice(1).map((place) => ({ action, ...place })));
    const allowed = await Promise.all(beyond.map((question) => isAllowed(anything, question, session)));
    expect(beyond.filter((_, index) => allowed[index])).toEqual([]);
    const inside = everything.map((action) => ({ action, ...places[scopeNameOf(action)][0] }));
    const refused = await Promise.all(inside.map((question) => isAllowed(anything, question, session)));
    expect(inside.filter((_, index) => !refused[index])).toEqual([]);
  });

  it('are refused when even wildcards do not make them fit', () => {
    const boundary = { ...defaultBoundary, buckets: Array.from({ length: 60 }, (_, index) => `bucket-with-a-long-name-${index}`) };
    expect(compileSessionPolicy({ allowed: ['s3:GetObject'], declared, boundary, auditGroup })).toBeUndefined();
  });
});
