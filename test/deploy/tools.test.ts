import { expect, it } from 'vitest';
import type { OperationCall, Ports } from '../../src/call/operation.ts';
import { operations } from '../../src/tools/index.ts';
import { createWorld } from './world.ts';
import { deployCall, target } from './world-calls.ts';

/** The tools over the real parts; only what the road would decide is said here. */
async function run(name: string, input: unknown, world = createWorld()): Promise<Record<string, unknown>> {
  const operation = operations.find((each) => each.name === name);
  if (!operation) throw new Error(`no ${name}`);
  const parsed = operation.input.parse(input);
  const access = { explain: async () => ({ decision: 'approval_required', policies: [], advice: ['ask first'], targets: [] }) };
  const ports = { deploy: world.process(), access } as unknown as Ports;
  const call = { ...deployCall(), principal: { kind: 'agent', id: 'agent-ziggie', teams: [], toolsets: [] } } as OperationCall;
  // As the road projects it: what is not declared does not leave.
  return operation.output.parse(await operation.run(ports, [target], parsed, call));
}

it('plan, deploy, read and roll back', async () => {
  const world = createWorld();
  const plan = await run('deploy_plan', { app: 'web', version: 'v1' }, world);
  expect(plan).toMatchObject({ kind: 'ssh', place: 'vps-1', files: 1, decision: 'approval_required', advice: ['ask first'] });
  const done = await run('deploy_application', { app: 'web', version: 'v1', digest: plan.digest }, world);
  await run('deploy_application', { app: 'web', version: 'v2' }, world);
  expect(await run('deploy_rollback', { app: 'web' }, world)).toMatchObject({ serving: 'v1', status: 'done' });
  expect(await run('deploy_status', { app: 'web', deployment: done.deployment }, world)).toMatchObject({
    version: 'v1',
    by: 'agent-ziggie',
  });
  const list = await run('deploy_list', { limit: 2 }, world);
  expect(list.deployments).toHaveLength(2);
  expect(list.nextCursor).toMatch(/^dep_/);
});

it.each(['a/b', '..', 'a..b', '-x', '', '$(x)', 'a b', 'v1\0'])('take no version like %j', async (version) => {
  for (const name of ['deploy_plan', 'deploy_application', 'deploy_rollback'])
    await expect(run(name, { app: 'web', version })).rejects.toThrow();
});
