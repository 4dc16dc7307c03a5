import { gunzipSync, inflateRawSync } from 'node:zlib';

/** What a release says of itself in `health.json`: a release without one is fine. */
export function isHealthyRelease(healthJson: Buffer | undefined): boolean {
  if (!healthJson) return true;
  try {
    return (JSON.parse(healthJson.toString('utf8')) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}

/** A file of a .tar.gz (POSIX.1-2024, pax, "ustar Interchange Format"). */
export function fileOfTarball(tarball: Buffer, path: string): Buffer | undefined {
  const tar = gunzipSync(tarball);
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = textAt(tar, at, 100);
    const size = Number.parseInt(textAt(tar, at + 124, 12), 8) || 0;
    if (name === path) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}

/** A file of a zip archive, by its central directory (APPNOTE.TXT 4.3.12, 4.3.16). */
export function fileOfZip(zip: Buffer, path: string): Buffer | undefined {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) return undefined;
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === path) {
      const local = zip.readUInt32LE(at + 42);
      const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(from, from + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return undefined;
}

function textAt(buffer: Buffer, at: number, length: number): string {
  return buffer.toString('utf8', at, at + length).replace(/\0.*$/s, '');
}
