import { stringify } from 'yaml';
import type { CallResult } from '../call/call.ts';
import type { ZiggieServer } from '../server.ts';
import { agentOf, type CommonOptions, withServer } from './context.ts';
import { CliError, exit, exitCodeOf, print, printJson, warn } from './output.ts';
import { toCall } from './verbs.ts';

/** One call as an agent: the same road, the same record, the same errors as over MCP. */
export async function execute(options: CommonOptions & { agent: string; command: string; params: string; json?: boolean }): Promise<void> {
  const { tool, input } = toCall(options.command, parseObject(options.params, '--params'));
  await withServer(options, async (server, settings) => {
    const result = await callAs(server, agentOf(settings, options.agent).id, tool, input, options.json ?? false);
    if (options.json) printJson(result);
    else if (result.ok) print(stringify(result.output));
  });
}

/** Calls, sets the exit code, and without JSON says on stderr how it goes and how it failed. */
export async function callAs(server: ZiggieServer, agent: string, tool: string, input: object, json: boolean): Promise<CallResult> {
  const principal = server.agent(agent);
  const result = await server.invoke({
    ...(principal ? { principal } : {}),
    tool,
    input: { ...input },
    client: 'cli',
    progress: (_done, _total, message) => {
      if (!json) warn(message);
    },
  });
  process.exitCode = exitCodeOf(result);
  if (!result.ok && !json) {
    const { message, remedy, effect, callId, approval, policy } = result.error;
    // Where there is but one reason it is the remedy too.
    const reasons = (policy?.advice ?? []).filter((advice) => advice !== remedy).map((advice) => `${advice}\n`);
    warn(
      `${result.error.code}: ${message}\n${reasons.join('')}${remedy}\neffect: ${effect}  call: ${callId}${approval ? `\napprove with: ${approval.how}` : ''}`,
    );
  }
  return result;
}

export function parseObject(text: string, option: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not quoted: it may hold a secret.
    throw new CliError(exit.usage, `${option} is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CliError(exit.usage, `${option} is not a JSON object.`);
  return value as Record<string, unknown>;
}
