import { join } from 'node:path';
import { openAudit } from '../src/audit/audit.ts';
import type { Road } from '../src/call/invoke.ts';
import { settingsOf } from '../src/cli/context.ts';
import type { Principal } from '../src/ports/domain.ts';
import { startServer, type ZiggieServer } from '../src/server.ts';
import { fakeCompute, fakeResolvers } from './fake-instance.ts';
import { root } from './processes.ts';

/** The server as it is, but for the cloud: real policy, journal and store, on disk. */
export interface GovernedRoad {
  readonly server: ZiggieServer;
  readonly road: Road;
  readonly principal: Principal;
  close(): Promise<void>;
}

/** Beyond what a benchmark can reach, so that it measures calls and not refusals. */
const limits = { callsPerMinute: 10_000_000, callsAtOnce: 10_000 };

/** In the folder that ZIGGIE_STATE names. The journal ships nothing, so that delivery is measured on its own. */
export async function openGovernedRoad(): Promise<GovernedRoad> {
  const settings = await settingsOf({ config: join(root, 'config'), sandbox: true });
  const server = await startServer(settings);
  const audit = await openAudit({
    folder: join(settings.stateRoot, 'journal'),
    destination: { account: 'main', region: 'eu-north-1', endpoint: 'none', logGroup: settings.audit.logGroup, mode: 'sandbox' },
    version: 'bench',
    pruneAfterDays: 1,
  });
  audit.start();
  const principal = server.agent('agent-marcus');
  if (!principal) throw new Error('the starter configuration has no agent-marcus');
  await server.policy.warm();
  return {
    server,
    road: {
      ...server.road,
      audit,
      resolvers: fakeResolvers,
      ports: { ...server.road.ports, compute: fakeCompute },
      limitsOf: () => limits,
    },
    principal,
    async close() {
      await audit.close();
      await server.close();
    },
  };
}
