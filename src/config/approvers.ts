import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './load.ts';
import { ConfigError } from './problem.ts';

/**
 * Approvers as they stand in ziggie.yaml now: an approver who is added while a server runs counts at once, and one who
 * is removed no longer does. In the sandbox those of its own state folder count as well.
 * @returns approver id → public key (SPKI DER, base64)
 */
export function createApproverList(settings: Settings): () => Promise<ReadonlyMap<string, string>> {
  let readAt: number | undefined;
  let known = new Map<string, string>();
  return async () => {
    const changedAt = statSync(settings.yamlFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedAt !== readAt) {
      known = await readApprovers(settings);
      readAt = changedAt;
    }
    return known;
  };
}

async function readApprovers(settings: Settings): Promise<Map<string, string>> {
  const approvers = new Map<string, string>();
  try {
    // From the file itself: who may approve must not hang on a copy in the state folder.
    const [{ readYamlFile }, { ziggieYaml }] = await Promise.all([import('./yaml-file.ts'), import('./schema.ts')]);
    for (const { id, publicKey } of readYamlFile(settings.yamlFile, ziggieYaml).approvers) approvers.set(id, publicKey);
  } catch (error) {
    // A file that is being edited gives nobody the right to approve.
    if (!(error instanceof ConfigError)) throw error;
  }
  if (settings.sandbox) for (const { id, publicKey } of readSandboxApprovers(settings)) approvers.set(id, publicKey);
  return approvers;
}

function sandboxFile(settings: Settings): string {
  return join(settings.stateFolder, 'approvers.json');
}

function readSandboxApprovers(settings: Settings): { id: string; publicKey: string }[] {
  try {
    return JSON.parse(readFileSync(sandboxFile(settings), 'utf8')) as { id: string; publicKey: string }[];
  } catch {
    return [];
  }
}

/** Adds an approver to the sandbox's state folder; it counts nowhere else. */
export function addSandboxApprover(settings: Settings, approver: { id: string; publicKey: string }): void {
  const others = readSandboxApprovers(settings).filter(({ id }) => id !== approver.id);
  writeFileSync(sandboxFile(settings), JSON.stringify([...others, approver]), { mode: 0o600 });
}
