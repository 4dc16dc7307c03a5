import { processEnvironment } from '../config/environment.ts';
import type { AgentSettings, Settings } from '../config/load.ts';
import { loadSettings, resolveAgent } from '../config/load.ts';
import { didYouMean } from '../config/problem.ts';
import type { StateStore } from '../ports/state.ts';
import { startServer, type ZiggieServer } from '../server.ts';
import { openSqliteStore } from '../state/sqlite-store.ts';
import { catalogue } from '../tools/catalogue.ts';
import { CliError, exit } from './output.ts';

export interface CommonOptions {
  readonly config?: string;
  readonly sandbox?: boolean;
}

export function settingsOf({ config, sandbox }: CommonOptions): Promise<Settings> {
  return loadSettings({
    ...(config ? { folder: config } : {}),
    sandbox: sandbox ?? false,
    toolsets: catalogue.toolsets,
    env: processEnvironment(),
  });
}

/** Runs a command against a server in this process, and closes it whatever happens. */
export async function withServer<T>(options: CommonOptions, use: (server: ZiggieServer, settings: Settings) => Promise<T>): Promise<T> {
  const settings = await settingsOf(options);
  const server = await startServer(settings);
  try {
    return await use(server, settings);
  } finally {
    await server.close();
  }
}

/** Runs a command that needs the state store and nothing else. */
export async function withStore<T>(options: CommonOptions, use: (store: StateStore, settings: Settings) => T | Promise<T>): Promise<T> {
  const settings = await settingsOf(options);
  const store = openSqliteStore(settings.stateFolder);
  try {
    return await use(store, settings);
  } finally {
    store.close();
  }
}

/** An agent by its id or short name (`marcus`). */
export function agentOf(settings: Settings, name: string | undefined): AgentSettings {
  const known = settings.agents.map(({ id }) => id);
  if (name === undefined) throw new CliError(exit.usage, `Which agent? Say --agent or set ZIGGIE_AGENT. There are: ${known.join(', ')}.`);
  const agent = resolveAgent(settings, name);
  if (agent) return agent;
  throw new CliError(
    exit.configuration,
    `There is no agent "${name}" in ${settings.yamlFile} (${didYouMean(name, [...known, ...known.map((id) => id.replace(/^agent-/, ''))]) ?? `there are: ${known.join(', ')}`}).`,
  );
}
