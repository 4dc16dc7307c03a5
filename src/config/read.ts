import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { ConfigError } from './problem.ts';
import type { ZiggieYaml } from './schema.ts';

/**
 * `ziggie.yaml`, checked. Parsing and checking cost more than the rest of a start's reading together, so what came of
 * the same bytes and the same version before is taken from the state folder, which the server trusts as it does itself.
 * @throws ConfigError
 */
export async function readConfiguration(file: string, stateRoot: string): Promise<ZiggieYaml> {
  const cache = join(stateRoot, 'configuration.json');
  const key = keyOf(file);
  const known = readCache(cache);
  if (known?.key === key) return known.value;
  const [{ readYamlFile }, { ziggieYaml }] = await Promise.all([import('./yaml-file.ts'), import('./schema.ts')]);
  const value = readYamlFile(file, ziggieYaml);
  writeCache(cache, { key, value });
  return value;
}

/** Of the schema, so that what another one let pass is not taken for checked. A test says when it is stale. */
export const shape = 'b3826900c7cd';

interface Cached {
  readonly key: string;
  readonly value: ZiggieYaml;
}

function keyOf(file: string): string {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    throw new ConfigError([{ file, message: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}` }]);
  }
  return createHash('sha256').update(`${packageJson.version} ${shape} ${file} `).update(text).digest('hex');
}

function readCache(cache: string): Cached | undefined {
  try {
    return JSON.parse(readFileSync(cache, 'utf8')) as Cached;
  } catch {
    return undefined;
  }
}

/** A state folder that is not there yet, or cannot be written, is another's to make or to complain of. */
function writeCache(cache: string, cached: Cached): void {
  try {
    const temporary = `${cache}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(cached), { mode: 0o600 });
    renameSync(temporary, cache);
  } catch {
    // The next start reads the YAML again.
  }
}
