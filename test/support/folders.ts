import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

export const repository = resolve(import.meta.dirname, '../..');

/** A folder that is gone when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A copy of the starter configuration with limits that tests do not run into, and policies of the test's own. */
export function configurationWith(policy = ''): string {
  const folder = join(temporaryFolder(), 'config');
  cpSync(join(repository, 'config'), folder, { recursive: true });
  const yaml = join(folder, 'ziggie.yaml');
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('callsPerMinute: 120', 'callsPerMinute: 100000'));
  appendFileSync(join(folder, 'policy', 'guardrails.cedar'), policy);
  return folder;
}

/** What a child of the tests gets of the environment: nothing that points to real clouds or the user's own state. */
export function isolatedEnvironment(state: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: state, ZIGGIE_STATE: state, ...extra };
}
