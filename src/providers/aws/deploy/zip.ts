import { PassThrough, type Readable } from 'node:stream';
import { CallError } from '../../../call/errors.ts';
import type { Artifact } from '../../../ports/deploy.ts';

/** Lambda's own limits for code that is sent directly (Lambda Developer Guide, "Lambda quotas"). */
export const mostZippedBytes = 50 * 1024 * 1024;
export const mostUnzippedBytes = 250 * 1024 * 1024;

/** The earliest time that a zip archive can say: the same files make the same bytes. */
const noTime = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true };

/** The artifact as one zip archive, the same bytes each time. Throws `provider_rejected` when it is larger than Lambda takes. */
export async function zipOf(artifact: Artifact): Promise<Buffer> {
  const { default: yazl } = await import('yazl');
  const zip = new yazl.ZipFile();
  const open = new Set<Readable>();
  const sorted = [...artifact.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of sorted) {
    const options = { ...noTime, mode: 0o100000 | file.mode, size: file.sizeBytes };
    zip.addReadStreamLazy(file.path, options, (give) => {
      artifact.open(file).then(
        (stream) => {
          open.add(stream);
          // yazl does not listen for what goes wrong with a stream that it reads.
          stream.once('error', (error) => zip.emit('error', error));
          give(null, stream);
        },
        (error: unknown) => give(error, new PassThrough()),
      );
    });
  }
  zip.end();
  const { outputStream: output } = zip;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const parts: Buffer[] = [];
      let length = 0;
      // These stay to the end: what fails behind the first failure is nobody's any more.
      zip.on('error', reject);
      output.on('error', reject);
      output.on('data', (part: Buffer) => {
        length += part.length;
        if (length > mostZippedBytes) reject(tooLarge(artifact.version));
        else parts.push(part);
      });
      output.on('end', () => resolve(Buffer.concat(parts)));
    });
  } catch (error) {
    if (error instanceof CallError) throw error;
    throw new CallError('provider_conflict', `The files of ${artifact.version} could not be read to their end.`, {
      remedy: 'Wait until whatever builds the artifact has finished, then look at it with deploy_plan and deploy again.',
      cause: error,
    });
  } finally {
    for (const stream of open) stream.destroy();
  }
}

function tooLarge(version: string): CallError {
  return new CallError('provider_rejected', `${version} is larger than the ${mostZippedBytes / 1024 / 1024} MB that Lambda takes zipped.`, {
    remedy: 'Leave out what the function does not need, bundle it, or put large parts into a layer or a container image.',
    provider: { code: 'RequestEntityTooLarge' },
  });
}
