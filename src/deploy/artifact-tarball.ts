/**
 * Invariant: a tarball writes nothing outside of the folder that it is unpacked into: only plain files and folders, under canonical
 * paths, never through something that is there already.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CallError } from '../call/errors.ts';
import type { ArtifactFile } from '../ports/deploy.ts';
import { createBounds, hashing, modeOf } from './artifact-files.ts';
import { artifactRefused, checkPath } from './artifact-path.ts';

export function isTarballName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(name);
}

/**
 * Unpacks a tarball (ustar, pax and GNU names) into a folder of its own, and hashes it on the way.
 * @param name by its end `.tar.gz` and `.tgz` are told from `.tar`
 * @throws CallError `provider_rejected` `ArtifactRefused` for what is no tarball, or holds links, devices or odd names
 */
export async function unpack(body: Readable, name: string, folder: string, signal: AbortSignal): Promise<ArtifactFile[]> {
  const { default: tar } = await import('tar-stream');
  const extract = tar.extract();
  const feeding = pipeline([body, ...(name.endsWith('.tar') ? [] : [createGunzip()]), extract], { signal });
  // The loop below fails with the same.
  feeding.catch(() => {});
  const bounds = createBounds();
  const files: ArtifactFile[] = [];
  try {
    for await (const entry of extract) {
      bounds.addEntry();
      const path = entry.header.name.replace(/^(\.\/)+/, '').replace(/\/$/, '');
      const { type, mode = 0o644 } = entry.header;
      if (type === 'directory') {
        // The root is an entry of its own in many.
        if (path !== '' && path !== '.') checkPath(path);
        entry.resume();
      } else if (type === 'file' || type === 'contiguous-file') {
        checkPath(path);
        // By what it says of itself, before any of it is written: a small tarball may stand for a full disk.
        bounds.addBytes(entry.header.size);
        files.push({ path, mode: modeOf(mode), ...(await write(Readable.from(entry), folder, path)) });
      } else {
        throw artifactRefused(
          `The artifact holds ${JSON.stringify(path)}, which is ${type?.endsWith('link') ? 'a link' : 'no plain file'}.`,
        );
      }
    }
    await feeding;
    return files;
  } catch (error) {
    extract.destroy();
    signal.throwIfAborted();
    if (error instanceof CallError) throw error;
    throw artifactRefused(`${name} is no whole tarball: ${(error as Error).message}.`, error);
  } finally {
    body.destroy();
  }
}

async function write(entry: AsyncIterable<Buffer>, folder: string, path: string): Promise<{ sizeBytes: number; sha256: string }> {
  let sizeBytes = 0;
  let sha256 = '';
  const hashed = hashing(
    (count) => {
      sizeBytes += count;
    },
    (digest) => {
      sha256 = digest;
      return undefined;
    },
  );
  const at = join(folder, path);
  try {
    await mkdir(dirname(at), { recursive: true, mode: 0o700 });
    await pipeline(entry, hashed, createWriteStream(at, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes(code)) throw error;
    throw artifactRefused(`The artifact holds ${JSON.stringify(path)} twice, or as a file and a folder.`, error);
  }
  return { sizeBytes, sha256 };
}
