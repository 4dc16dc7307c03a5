import { describe, expect, it } from 'vitest';
import type { CallRequest, CallResult } from '../../src/call/call.ts';
import type { Operation } from '../../src/call/operation.ts';
import { createFleetDashboard } from '../../src/fleet-dashboard.ts';
import type { Resolved } from '../../src/ports/domain.ts';
import { agent } from './harness.ts';

const target = { type: 'Account', id: 'main', provider: 'aws', account: 'main' } as unknown as Resolved;
const launch = { name: 'instances_launch' } as Operation;

function watch(allowed = ['agent-ziggie', 'agent-dana']) {
  const calls: CallRequest[] = [];
  const ends: (() => void)[] = [];
  const dashboard = createFleetDashboard({
    mayUse: ({ id }) => allowed.includes(id),
    invoke: (request) => {
      calls.push(request);
      return new Promise((resolve) => ends.push(() => resolve({ ok: true } as CallResult)));
    },
  });
  const end = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { dashboard, calls, end };
}

describe('the dashboard of the fleet', () => {
  it('is brought up to date by whoever changed the fleet, if they may and it is there', () => {
    const { dashboard, calls } = watch();
    dashboard.changed(launch, [target], agent('agent-ziggie'));
    dashboard.changed(launch, [target], agent('agent-marcus'));
    dashboard.changed({ name: 'instances_stop' } as Operation, [target], agent('agent-ziggie'));
    expect(calls).toMatchObject([
      { principal: { id: 'agent-ziggie' }, tool: 'monitoring_put_dashboard', input: { account: 'main', ifExists: true } },
    ]);
  });

  it('is written once more for all changes that came meanwhile, by the last who made one', async () => {
    const { dashboard, calls, end } = watch();
    for (const id of ['agent-ziggie', 'agent-dana', 'agent-ziggie', 'agent-dana']) dashboard.changed(launch, [target], agent(id));
    await end();
    await end();
    expect(calls.map(({ principal }) => principal?.id)).toEqual(['agent-ziggie', 'agent-dana']);
    dashboard.changed(launch, [target], agent('agent-ziggie'));
    expect(calls).toHaveLength(3);
  });
});
