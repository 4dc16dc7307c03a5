import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { CallError } from '../../../call/errors.ts';
import type { ObjectBody } from '../../../ports/storage.ts';
import { openWorkspaceFile } from './workspace.ts';

/** Bytes to store, read where and when they are wanted. */
export interface Source {
  readonly sizeBytes: number;
  /** Fills the buffer with what starts at the position. Throws `provider_conflict` when there is less. */
  read(into: Buffer, position: number): Promise<void>;
  /** Throws `provider_conflict` when the file is no longer as it was when it was opened. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** Whoever calls closes it. Throws `invalid_input`, and what opening a file of the workspace throws. */
export async function openSource(workspace: string | undefined, { text, base64, file }: ObjectBody): Promise<Source> {
  if (file !== undefined) return fileSource(await openWorkspaceFile(workspace, file), file);
  return bytesSource(base64 === undefined ? Buffer.from(text ?? '') : fromBase64(base64));
}

/** Hex. */
export async function sha256Of(source: Source): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.min(1 << 20, source.sizeBytes));
  for (let position = 0; position < source.sizeBytes; position += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, source.sizeBytes - position));
    await source.read(part, position);
    hash.update(part);
  }
  return hash.digest('hex');
}

function bytesSource(bytes: Buffer): Source {
  return {
    sizeBytes: bytes.length,
    read: async (into, position) => void bytes.copy(into, 0, position),
    assertUnchanged: async () => {},
    close: async () => {},
  };
}

async function fileSource(handle: FileHandle, name: string): Promise<Source> {
  const stampOf = async () => {
    const { size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    return { sizeBytes: Number(size), stamp: `${size} ${mtimeNs} ${ctimeNs}` };
  };
  const { sizeBytes, stamp } = await stampOf();
  return {
    sizeBytes,
    async read(into, position) {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) throw changed(name);
        done += bytesRead;
      }
    },
    async assertUnchanged() {
      if ((await stampOf()).stamp !== stamp) throw changed(name);
    },
    close: () => handle.close(),
  };
}

/** Node skips what is not base64; that would store something else than was meant. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') === text) return bytes;
  throw new CallError('invalid_input', 'base64 is not base64 with its padding.', {
    remedy: 'Encode the bytes as standard base64 (RFC 4648, section 4) without line breaks.',
  });
}

function changed(name: string): CallError {
  return new CallError('provider_conflict', `The file ${name} changed while it was uploaded. Nothing was stored.`, {
    remedy: 'Wait until whatever writes it has finished, then call again.',
    retryable: true,
  });
}
