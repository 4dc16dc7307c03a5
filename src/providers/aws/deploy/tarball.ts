import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Artifact } from '../../../ports/deploy.ts';

/** The artifact as one .tar.gz, the same bytes each time; nothing is held but what is on its way. The stream fails as the artifact does. */
export async function tarballOf(artifact: Artifact): Promise<Readable> {
  const { default: tar } = await import('tar-stream');
  const pack = tar.pack();
  const output = new PassThrough();
  const fill = async () => {
    for (const file of [...artifact.files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const header = { name: file.path, size: file.sizeBytes, mode: file.mode, mtime: new Date(0), uid: 0, gid: 0 };
      const entry = pack.entry(header);
      const source = await artifact.open(file);
      source.once('error', (error) => pack.destroy(error));
      source.pipe(entry);
      await once(entry, 'finish');
    }
    pack.finalize();
  };
  // Both end by destroying the output with what went wrong; whoever reads it is told there.
  pipeline(pack, createGzip(), output).catch((error: unknown) => void output.destroy(error as Error));
  fill().catch((error: unknown) => void pack.destroy(error as Error));
  return output;
}
