import { settingsOf } from '../src/cli/context.ts';
import { startServer } from '../src/server.ts';

/** The whole server, put together as always, before an endpoint on this machine; called as the coordinator. */
export async function openStubbedServer() {
  const [config = ''] = process.argv.slice(2);
  const settings = await settingsOf({ config });
  const limits = { callsPerMinute: 1_000_000, callsAtOnce: 1_000 };
  const server = await startServer({
    ...settings,
    agents: settings.agents.map((agent) => ({ ...agent, limits })),
    // A `.env` beside the configuration may name others.
    aws: { ...settings.aws, endpoints: {} },
  });
  const principal = server.agent('agent-ziggie');
  if (!principal) throw new Error('the starter configuration has no agent-ziggie');
  return {
    async call<T>(tool: string, input: object): Promise<T> {
      const result = await server.invoke({ principal, tool, input, client: 'bench' });
      if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
      return result.output as T;
    },
    close: () => server.close(),
  };
}
