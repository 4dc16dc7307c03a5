import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { diffPolicies } from '../../src/policy/policy-diff.ts';
import { runPolicyTests } from '../../src/policy/policy-tests.ts';
import { checkPolicy } from '../../src/policy/workbench.ts';
import type { Principal } from '../../src/ports/domain.ts';
import { operations } from '../../src/tools/index.ts';
import { folderOf, open } from './fixtures.ts';

const config = join(import.meta.dirname, '../../config');
const folder = join(config, 'policy');

/** The starter ziggie.yaml as it ships. */
const yaml = parse(readFileSync(join(config, 'ziggie.yaml'), 'utf8')) as {
  agents: { id: string; teams: string[] }[];
  aws: { accounts: { name: string }[] };
};
const agents = yaml.agents.map(({ id, teams }): Principal => ({ kind: 'agent', id, teams, toolsets: [] }));
const known = {
  agents: agents.map(({ id }) => id),
  teams: agents.flatMap(({ teams }) => teams),
  humans: [],
  accounts: yaml.aws.accounts.map(({ name }) => name),
};
const world = { operations, known };
const reads = operations.filter(({ effect }) => effect === 'read').map(({ name }) => name);

describe('the starter policy', () => {
  it('fits the shipped ziggie.yaml and the real registry without a warning', async () => {
    expect(await checkPolicy(folder, world)).toEqual([]);
  });

  it('answers all of its own tests as they expect', async () => {
    const { results, problems } = await runPolicyTests(folder, join(folder, 'tests'), world, agents);
    expect(problems).toEqual([]);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.length).toBeGreaterThan(30);
  });

  it('has a test that every policy decides', async () => {
    const { results } = await runPolicyTests(folder, join(folder, 'tests'), world, agents);
    const tested = new Set(results.flatMap(({ policies }) => policies));
    const ids = ['guardrails', 'agent-marcus', 'agent-chen', 'agent-ziggie'].flatMap((name) =>
      [...readFileSync(join(folder, `${name}.cedar`), 'utf8').matchAll(/@id\("([^"]+)"\)/g)].map(([, id]) => id),
    );
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.filter((id) => !tested.has(id ?? ''))).toEqual([]);
  });

  it('shows each agent what may be theirs', async () => {
    const { policy } = await open('', { folder, operations, known, principals: agents });
    const shown = (id: string) => policy.visibleTools(agents.find((agent) => agent.id === id) ?? ({} as Principal));
    expect([...shown('agent-chen')].sort()).toEqual(
      [...reads, 'storage_put_object', 'deploy_application', 'deploy_rollback', 'vps_service'].sort(),
    );
    const marcus = [
      'instances_restart',
      'instances_start',
      'instances_stop',
      'functions_invoke',
      'secrets_create',
      'secrets_update',
      'secrets_use',
      'deploy_application',
      'deploy_rollback',
      'vps_run_command',
      'vps_service',
    ];
    expect([...shown('agent-marcus')].sort()).toEqual([...reads, ...marcus].sort());
    expect(shown('agent-ziggie')).toEqual(operations.map(({ name }) => name));
  });

  it('takes a new agent as one entry and one file', async () => {
    const files = Object.fromEntries(
      ['guardrails', 'agent-marcus', 'agent-chen', 'agent-ziggie'].map((name) => [
        `${name}.cedar`,
        readFileSync(join(folder, `${name}.cedar`), 'utf8'),
      ]),
    );
    const dana: Principal = { kind: 'agent', id: 'agent-dana', teams: ['data'], toolsets: [] };
    const file =
      '@id("dana-reads")\n@advice("agent-dana may read everything.")\npermit(principal == Ziggie::Agent::"agent-dana", action in Ziggie::Action::"Read", resource);';
    const more = { operations, known: { ...known, agents: [...known.agents, dana.id] } };
    const next = folderOf({ ...files, 'agent-dana.cedar': file });
    const changes = await diffPolicies(folder, next, more, [...agents, dana]);
    expect(new Set(changes.map(({ agent, after }) => `${agent} ${after}`))).toEqual(new Set(['agent-dana allow']));
    expect(new Set(changes.map(({ tool }) => tool)).size).toBe(reads.length);
  });
});
