import { afterEach, expect, it, vi } from 'vitest';
import type { Invoke } from '../src/call/invoke.ts';
import { startChores } from '../src/chores.ts';
import type { Settings } from '../src/config/load.ts';
import { newStore } from './costs/test-store.ts';

/** What a process that stays does by itself, and that it ends with it. */

const opened = newStore();
afterEach(() => opened.close());

it('that is stopped in the middle begins nothing more', async () => {
  const { store } = opened;
  store.putCostAlert({ name: 'month', spec: '{}' });
  const { promise: stopping, resolve: stop } = Promise.withResolvers<void>();
  const tools: string[] = [];
  const invoke = (async ({ tool }) => {
    tools.push(tool);
    await stopping;
    return { ok: false, error: { code: 'cancelled', message: 'The server stops.' } };
  }) as Invoke;
  const chores = startChores({
    settings: {
      costs: { recipients: [], monthlyReport: true, agent: 'agent-ziggie', budget: { cents: 1, currency: 'USD' } },
    } as unknown as Settings,
    store,
    clouds: { resumeDeployments: async () => undefined },
    invoke,
    principalOf: (id) => ({ kind: 'agent', id, teams: [], toolsets: [] }),
    log: { error: () => undefined, warn: () => undefined } as never,
  });
  // Somebody works: spend would be read behind the alerts.
  chores.noteCall('test');
  await vi.waitFor(() => expect(tools).toEqual(['costs_notify']));
  chores.stop();
  stop();
  const leaseOf = (tool: string) => store.takeLease(`schedule ${tool}`, 'other', Date.now(), 1);
  await vi.waitFor(() => expect(leaseOf('costs_notify')).toHaveProperty('token'));
  expect(tools).toEqual(['costs_notify']);
});
