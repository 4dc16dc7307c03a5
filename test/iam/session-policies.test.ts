import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { Settings } from '../../src/config/load.ts';
import { defaultBoundary } from '../../src/iam/scopes.ts';
import { createSessionPolicies } from '../../src/session-policies.ts';
import { operations } from '../../src/tools/index.ts';

const settings = {
  agents: [{ id: 'agent-chen', teams: [], toolsets: [], boundary: defaultBoundary }],
  audit: { logGroup: '/audit' },
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
});
