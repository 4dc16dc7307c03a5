import type { Invoke } from './call/invoke.ts';
import type { Operation } from './call/operation.ts';
import type { Principal, Resolved } from './ports/domain.ts';

/** What changes which instances there are. */
const fleetChanges = ['instances_launch', 'instances_terminate'];
const dashboardTool = 'monitoring_put_dashboard';

export interface FleetDashboardOptions {
  readonly invoke: Invoke;
  readonly mayUse: (principal: Principal, tool: string) => boolean;
}

/**
 * Brings the fleet's dashboard up to date when the fleet has changed: as a call of whoever changed it, on the same road and record,
 * if policy lets them and there is one. Changes that come while one is being written are written once more afterwards.
 */
export function createFleetDashboard({ invoke, mayUse }: FleetDashboardOptions) {
  /** By account: who changed the fleet once more meanwhile. */
  const writing = new Map<string, { next?: Principal }>();

  const write = async (account: string, principal: Principal): Promise<void> => {
    const state: { next?: Principal } = { next: principal };
    writing.set(account, state);
    for (let by = state.next; by; by = state.next) {
      state.next = undefined;
      // A failure is on record; the next change tries again.
      await invoke({
        principal: by,
        tool: dashboardTool,
        input: { account, ifExists: true },
        client: 'server after a change of the fleet',
      });
    }
    writing.delete(account);
  };

  return {
    changed(operation: Operation, targets: readonly Resolved[], by: Principal): void {
      if (!fleetChanges.includes(operation.name) || !mayUse(by, dashboardTool)) return;
      for (const target of targets) {
        if (!('account' in target) || target.provider !== 'aws') continue;
        const running = writing.get(target.account);
        if (running) running.next = by;
        else void write(target.account, by);
      }
    },
  };
}
