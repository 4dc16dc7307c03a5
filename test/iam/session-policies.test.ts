import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { loadSettings, type Settings } from '../../src/config/load.ts';
import { defaultBoundary } from '../../src/iam/scopes.ts';
import { openPolicy } from '../../src/policy/open-policy.ts';
import { createSessionPolicies } from '../../src/session-policies.ts';
import { operations } from '../../src/tools/index.ts';
import { targets } from '../aws/deploy-support.ts';
import { temporaryFolder } from '../support/folders.ts';

const settings = {
  agents: [{ id: 'agent-chen', teams: [], toolsets: [], boundary: defaultBoundary }],
  audit: { logGroup: '/audit' },
  apps: [],
} as unknown as Settings;
const registry = new Map(operations.map((operation) => [operation.name, operation]));

describe('the session policies of the agents', () => {
  it('follow the policy that is in force', () => {
    const policy = { hash: () => hash, visibleTools: () => tools };
    let hash = 'one';
    let tools = ['storage_put_object'];
    const policies = createSessionPolicies({ settings, policy, operations: registry });
    expect(policies.of('agent-chen')).toContain('s3:PutObject');
    tools = ['instances_list'];
    expect(policies.of('agent-chen')).toContain('s3:PutObject');
    hash = 'two';
    expect(policies.of('agent-chen')).not.toContain('s3:PutObject');
  });

  it('allow nothing where no tool is allowed, and are given to nobody else', () => {
    const policies = createSessionPolicies({ settings, policy: { hash: () => '', visibleTools: () => [] }, operations: registry });
    expect(JSON.parse(policies.of('agent-chen')).Statement).toEqual([{ Effect: 'Deny', Action: '*', Resource: '*' }]);
    expect(() => policies.of('alice')).toThrow(CallError);
  });

  it('hold of deployments only what the kinds of places need that ziggie.yaml has', () => {
    const policy = { hash: () => '', visibleTools: () => ['deploy_application', 'deploy_rollback'] };
    const site = { source: { kind: 'folder', path: 'dist/{version}' }, targets: { aws: targets.site } };
    const withSite = { ...settings, apps: [site] } as unknown as Settings;
    const actions = createSessionPolicies({ settings: withSite, policy, operations: registry }).of('agent-chen');
    expect(actions).toContain('s3:PutObject');
    expect(actions).toContain('cloudfront:CreateInvalidation');
    expect(actions).not.toMatch(/ssm:|lambda:|ec2:/);
    const nowhere = createSessionPolicies({ settings, policy, operations: registry }).of('agent-chen');
    expect(JSON.parse(nowhere).Statement).toEqual([{ Effect: 'Deny', Action: '*', Resource: '*' }]);
  });

  it('fit for the starter agents, whatever kinds of places applications have', async () => {
    const folder = temporaryFolder();
    const config = join(import.meta.dirname, '../../config');
    const toolsets = [...new Set(operations.map(({ toolset }) => toolset))];
    const starter = await loadSettings({ folder: config, sandbox: true, toolsets, env: { ZIGGIE_STATE: folder } });
    const principals = starter.agents.map((agent) => ({ kind: 'agent' as const, ...agent }));
    const policy = await openPolicy({
      folder: starter.policyFolder,
      operations,
      known: { agents: principals.map(({ id }) => id), teams: principals.flatMap(({ teams }) => teams), humans: [], accounts: ['main'] },
      principals,
      cacheFile: join(folder, 'visible.json'),
      log: { warn: () => undefined },
      onReload: () => undefined,
    });
    const kinds = [targets.ec2, targets.site, targets.lambda];
    for (const chosen of [[], ...kinds.map((one) => [one]), ...kinds.map((one) => kinds.filter((other) => other !== one)), kinds]) {
      const apps = chosen.map((aws) => ({ source: { kind: 'folder', path: 'dist/{version}' }, targets: { aws } }));
      const policies = createSessionPolicies({ settings: { ...starter, apps } as unknown as Settings, policy, operations: registry });
      for (const principal of principals) {
        const patterns: string[] = JSON.parse(policies.of(principal.id)).Statement.flatMap(
          ({ Effect, Action }: Record<string, string[]>) => (Effect === ('Allow' as unknown) ? Action : []),
        );
        const has = (action: string) => patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action));
        const tools = operations.filter(({ name }) => policy.visibleTools(principal).includes(name));
        const own = new Set(tools.flatMap(({ iam }) => iam));
        expect(operations.flatMap(({ iam }) => iam).filter((action) => has(action) && !own.has(action))).toEqual([]);
        // Ziggie alone has so many tools that wildcards reach what she does not need here.
        if (principal.id !== 'agent-ziggie') expect(has('lambda:UpdateFunctionCode')).toBe(chosen.includes(targets.lambda));
        if (chosen.includes(targets.ec2)) expect(has('ssm:SendCommand')).toBe(true);
        if (chosen.includes(targets.site)) expect(has('cloudfront:CreateInvalidation')).toBe(true);
        if (chosen.includes(targets.lambda)) expect(has('lambda:PublishVersion')).toBe(true);
      }
    }
    policy.close();
  });

  it.each(['secrets_delete', 'secrets_restore'])('reach nothing that only %s declares, however short they must be', (missing) => {
    const tools = operations.filter(({ name }) => name !== missing);
    const policy = { hash: () => '', visibleTools: () => tools.map(({ name }) => name) };
    const usual = { ...settings, audit: { ...settings.audit, logGroup: '/ziggie/infrastructure-audit' } };
    const { Statement } = JSON.parse(createSessionPolicies({ settings: usual, policy, operations: registry }).of('agent-chen'));
    const patterns: string[] = Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow').flatMap(
      ({ Action }: { Action: string[] }) => Action,
    );
    const has = (action: string) => patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action));
    const own = new Set(tools.flatMap(({ iam }) => iam));
    expect(operations.flatMap(({ iam }) => iam).filter((action) => has(action) && !own.has(action))).toEqual([]);
  });

  it('keep what another tool needs', () => {
    const policy = { hash: () => '', visibleTools: () => ['deploy_application', 'functions_invoke'] };
    expect(createSessionPolicies({ settings, policy, operations: registry }).of('agent-chen')).toContain('lambda:InvokeFunction');
  });
});
