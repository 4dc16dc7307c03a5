import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { cleanEnvironment, root } from './processes.ts';
import { type Started, startOnStdio } from './stdio-client.ts';

/** Our server and the bare one, both bundled, to be started again and again. */
export interface Pair {
  ours(agent?: string): Promise<Started>;
  bare(): Promise<Started>;
  /** The bare server with the compile cache that our command turns on for itself. */
  cachedBare(): Promise<Started>;
}

/** Bundles the bare server and starts each once, so that caches of the file system, of V8 and of visible tools are warm. */
export async function preparePair(scratch: string): Promise<Pair> {
  const bareFile = await bundle('servers/bare-stdio.ts', join(scratch, 'bare'));
  const state = join(scratch, 'state');
  // Caches below it are warmed by this run, and gone after it.
  const home = join(scratch, 'home');
  mkdirSync(home, { recursive: true });
  const env = cleanEnvironment({ ZIGGIE_STATE: state, HOME: home, TMPDIR: home });
  const pair: Pair = {
    ours: (agent = 'agent-ziggie') =>
      startOnStdio([join(root, 'dist', 'cli.js'), 'stdio', '--agent', agent, '--sandbox', '--config', join(root, 'config')], env),
    bare: () => startOnStdio([bareFile], env),
    cachedBare: () => startOnStdio([bareFile], { ...env, NODE_COMPILE_CACHE: join(scratch, 'compile-cache') }),
  };
  for (const warm of [pair.ours, pair.bare, pair.cachedBare]) await (await warm()).stop();
  return pair;
}
