import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactFile } from '../ports/deploy.ts';
import { createBounds, readFileFacts } from './artifact-files.ts';
import { artifactRefused, checkPath } from './artifact-path.ts';

/** Every file below a folder, hashed. @throws CallError `provider_rejected` `ArtifactRefused` for links, devices and odd names */
export async function readFolder(folder: string, signal: AbortSignal): Promise<ArtifactFile[]> {
  const bounds = createBounds();
  const files: ArtifactFile[] = [];
  const open = [''];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      signal.throwIfAborted();
      bounds.addEntry();
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      checkPath(path);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) files.push(await readFileFacts(folder, path, bounds));
      else
        throw artifactRefused(
          `The artifact holds ${JSON.stringify(path)}, which is ${entry.isSymbolicLink() ? 'a link' : 'no plain file'}.`,
        );
    }
  }
  return files;
}
