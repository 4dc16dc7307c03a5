/**
 * Invariant: the cache decides only what is shown. Whoever tampers with it changes a list of tools, not what any of
 * them may do: deciding loads and validates the policies themselves.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Visibility } from './visibility.ts';

/** By hand: this is read on every start, and making a schema for it takes longer than reading it. */
function isVisibility(value: unknown): value is Visibility {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((visible) => isTexts(visible?.tools) && isTexts(visible?.may));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** What was found for exactly this key; anything unreadable is a miss. */
export async function readVisibility(cacheFile: string, key: string): Promise<Visibility | undefined> {
  try {
    const cached = JSON.parse(await readFile(cacheFile, 'utf8')) as { key?: unknown; visible?: unknown };
    return cached.key === key && isVisibility(cached.visible) ? cached.visible : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file in one step, so that another server reads the old or the new one. */
export async function writeVisibility(cacheFile: string, key: string, visible: Visibility): Promise<void> {
  await mkdir(dirname(cacheFile), { recursive: true, mode: 0o700 });
  const next = `${cacheFile}.${randomUUID()}`;
  try {
    await writeFile(next, JSON.stringify({ key, visible }), { mode: 0o600 });
    await rename(next, cacheFile);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
