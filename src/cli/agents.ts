import { createToken } from '../state/tokens.ts';
import { agentOf, type CommonOptions, settingsOf, withStore } from './context.ts';
import { CliError, exit, print, printJson, table } from './output.ts';

export async function list(options: CommonOptions & { json?: boolean }): Promise<void> {
  const settings = await settingsOf(options);
  const tokens = await withStore(options, (store) => store.listTokens());
  const rows = settings.agents.map(({ id, teams, toolsets }) => ({
    id,
    teams,
    toolsets,
    tokens: tokens.filter(({ agent, revokedAt }) => agent === id && revokedAt === undefined).map((token) => token.id),
  }));
  if (options.json) return printJson(rows);
  print(
    table([
      ['AGENT', 'TEAMS', 'TOOLSETS', 'TOKENS'],
      ...rows.map(({ id, teams, toolsets, tokens }) => [id, teams.join(','), toolsets.join(','), tokens.join(' ') || '-']),
    ]),
  );
}

export async function createTokenCommand(agent: string, options: CommonOptions & { json?: boolean }): Promise<void> {
  const { id: agentId } = agentOf(await settingsOf(options), agent);
  const { id, token } = await withStore(options, (store) => createToken(store, agentId));
  if (options.json) return printJson({ id, agent: agentId, token });
  print(`${token}\n\nToken ${id} of ${agentId}; it is shown once and kept as a hash. End it with: ziggie-cloud agents token revoke ${id}`);
}

export async function revoke(id: string, options: CommonOptions): Promise<void> {
  if (!(await withStore(options, (store) => store.revokeToken(id, Date.now()))))
    throw new CliError(exit.failed, `There is no live token ${id}; ziggie-cloud agents list shows them.`);
  print(`Token ${id} is revoked.`);
}
