import { stringify } from 'yaml';
import { agentOf, type CommonOptions, withServer } from './context.ts';
import { CliError, exit, exitCodeOf, print, printJson, warn } from './output.ts';
import { toCall } from './verbs.ts';

/** One call as an agent: the same road, the same record, the same errors as over MCP. */
export async function execute(options: CommonOptions & { agent: string; command: string; params: string; json?: boolean }): Promise<void> {
  const { tool, input } = toCall(options.command, parseObject(options.params, '--params'));
  await withServer(options, async (server, settings) => {
    const principal = server.agent(agentOf(settings, options.agent).id);
    const result = await server.invoke({
      ...(principal ? { principal } : {}),
      tool,
      input,
      client: 'cli',
      progress: (_done, _total, message) => {
        if (!options.json) warn(message);
      },
    });
    process.exitCode = exitCodeOf(result);
    if (options.json) printJson(result);
    else if (result.ok) print(stringify(result.output));
    else {
      const { message, remedy, effect, callId, approval } = result.error;
      warn(
        `${result.error.code}: ${message}\n${remedy}\neffect: ${effect}  call: ${callId}${approval ? `\napprove with: ${approval.how}` : ''}`,
      );
    }
  });
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
