import { CliError, exit } from './output.ts';

/** `cloud:` commands in the words of operators, beside `cloud:<tool_name>` for every tool. */

const verbs: Readonly<Record<string, (input: Record<string, unknown>) => string>> = {
  status: (input) => ('app' in input ? 'deploy_status' : 'id' in input ? 'instances_get' : 'instances_list'),
  'start-instance': () => 'instances_start',
  'stop-instance': () => 'instances_stop',
  deploy: () => 'deploy_application',
  rollback: () => 'deploy_rollback',
  costs: () => 'costs_current',
};

/** Parameter names of the operators' checklist → argument names of the tools. */
const renamed: Readonly<Record<string, string>> = { instance_id: 'id', app_name: 'app' };

/** Tools that need to know the provider; the checklist's commands leave AWS unsaid. */
const needsProvider = /^instances_(?!list$)/;

/**
 * @throws CliError when it is not a `cloud:` command
 */
export function toCall(command: string, params: Record<string, unknown>): { tool: string; input: Record<string, unknown> } {
  const name = /^cloud:([a-z0-9_-]+)$/.exec(command)?.[1];
  if (name === undefined) throw new CliError(exit.usage, `"${command}" is no command; expected cloud:<verb> or cloud:<tool_name>.`);
  const input = Object.fromEntries(Object.entries(params).map(([key, value]) => [renamed[key] ?? key, value]));
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  const tool = verb ? verb(input) : name;
  // A number is one of Hostinger's.
  const provider = /^\d+$/.test(String(input.id)) ? 'hostinger' : 'aws';
  return { tool, input: verb && needsProvider.test(tool) && !('provider' in input) ? { provider, ...input } : input };
}
