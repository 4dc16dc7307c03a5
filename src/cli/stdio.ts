import { processEnvironment } from '../config/environment.ts';
import { runStdio } from '../mcp/stdio.ts';
import { startServer } from '../server.ts';
import { agentOf, type CommonOptions, settingsOf } from './context.ts';
import { CliError, exit } from './output.ts';
import { sandboxApprover } from './sandbox-approver.ts';

/** Serves one agent until its client closes stdin or the process is told to end. */
export async function stdio(options: CommonOptions & { agent?: string }): Promise<void> {
  const settings = await settingsOf(options);
  const { id } = agentOf(settings, options.agent ?? processEnvironment().ZIGGIE_AGENT ?? settings.defaultAgent);
  const server = await startServer(settings);
  server.stay();
  if (settings.sandbox) await sandboxApprover(settings);
  const principal = server.agent(id);
  if (!principal) throw new CliError(exit.configuration, `There is no agent ${id}.`);
  const stdin = process.stdin;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stdin.destroy());
  await runStdio({
    backend: server.backend,
    principal,
    stdin,
    stdout: process.stdout,
    onError: (error) => server.log.warn({ reason: error.message }, 'a message could not be handled'),
  });
  await server.close();
}
