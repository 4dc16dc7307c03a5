/**
 * Invariant: of a source of ziggie.yaml, what the version stands for and all below it is reached without links: who may put a build
 * there cannot make it mean another place.
 */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { CallError } from '../call/errors.ts';
import { artifactRefused } from './artifact-path.ts';
import { isVersion, withVersion } from './version.ts';

const mostVersionsNamed = 10;

/**
 * Where a version of a source lies.
 * @param template path of ziggie.yaml, relative to the configuration folder; `{version}` stands for the version
 * @throws CallError `target_unresolved`, naming the versions that are there
 */
export async function placeOf(app: string, template: string, version: string, configFolder: string): Promise<string> {
  const parts = resolve(configFolder, template).split(sep);
  const first = parts.findIndex((part) => part.includes('{version}'));
  const split = first === -1 ? parts.length - 1 : first;
  const above = parts.slice(0, split).join(sep) || sep;
  const rest = parts.slice(split).map((part) => withVersion(part, version));
  const place = join(above, ...rest);
  try {
    const [real, realAbove] = await Promise.all([realpath(place), realpath(above)]);
    if (real === join(realAbove, ...rest)) return place;
  } catch (error) {
    throw noSuchVersion(app, version, await versionsIn(above, parts[first]), error);
  }
  throw artifactRefused(`The artifact of ${app} ${version} is a link, or lies behind one.`);
}

function noSuchVersion(app: string, version: string, there: readonly string[], cause: unknown): CallError {
  const message = `There is no artifact of ${app} ${version}.`;
  const remedy =
    there.length > 0 ? `Deploy one of: ${there.join(', ')}; or build it first.` : 'Build it first, or correct source in ziggie.yaml.';
  return new CallError('target_unresolved', message, { remedy, effect: 'none', cause });
}

/** Versions whose names fit one part of a path, newest first. */
async function versionsIn(folder: string, pattern: string | undefined): Promise<string[]> {
  if (pattern === undefined) return [];
  const [start = '', end = ''] = pattern.split('{version}');
  const names = await readdir(folder).catch((): string[] => []);
  const versions = names.flatMap((name) => {
    const version = name.slice(start.length, name.length - end.length);
    return isVersion(version) && name === `${start}${version}${end}` ? [{ version, name }] : [];
  });
  const dated = await Promise.all(
    versions.map(async ({ version, name }) => ({ version, at: (await lstat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return dated
    .sort((a, b) => b.at - a.at)
    .slice(0, mostVersionsNamed)
    .map(({ version }) => version);
}
