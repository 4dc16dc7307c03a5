import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { NewFile } from '../../src/ports/remote-host.ts';
import { failure, newCall } from '../aws/harness.ts';
import { atEnd, hostsFor, settingsFor, sshdForTests } from './fixture.ts';
import { badNetworkTo } from './proxy.ts';

/** Files by SFTP, over a real sshd. */

const sshd = await sshdForTests();
const hosts = hostsFor(settingsFor(sshd));
let folders = 0;
const newFolder = () => {
  folders += 1;
  return join(sshd.folder, `files-${folders}`);
};
const fileOf = (path: string, content: Buffer | string, mode = 0o644): NewFile => {
  const bytes = Buffer.from(content);
  return { path, sizeBytes: bytes.length, mode, open: () => Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false }) };
};
const upload = (folder: string, files: readonly NewFile[], call = newCall(), onProgress: (bytes: number) => void = () => undefined) =>
  hosts.upload('vps', folder, files, onProgress, call);
const everything = (folder: string) => (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []);

describe('reading', () => {
  const folder = newFolder();
  mkdirSync(folder);
  writeFileSync(join(folder, "it's $(here)\n"), 'hello', { mode: 0o640 });
  symlinkSync("it's $(here)\n", join(folder, 'link'));
  const big = randomBytes(700_000);
  writeFileSync(join(folder, 'big'), big);

  it('stat follows links, and says nothing of nothing', async () => {
    expect(await hosts.stat('vps', join(folder, 'link'), newCall())).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o640 });
    expect(await hosts.stat('vps', folder, newCall())).toMatchObject({ kind: 'folder' });
    expect(await hosts.stat('vps', join(folder, 'nothing'), newCall())).toBeUndefined();
  });

  it('realPath resolves links, and finds what is missing to be missing', async () => {
    expect(await hosts.realPath('vps', join(folder, '..', `files-${folders}`, 'link'), newCall())).toBe(join(folder, "it's $(here)\n"));
    expect(await failure(hosts.realPath('vps', join(folder, 'nothing'), newCall()))).toMatchObject({ code: 'provider_not_found' });
  });

  it('reads a range, across packets and beyond the end', async () => {
    const read = (offset: number, maxBytes: number) => hosts.read('vps', join(folder, 'big'), { offset, maxBytes }, newCall());
    expect((await read(100_000, 550_000)).equals(big.subarray(100_000, 650_000))).toBe(true);
    expect((await read(699_990, 1_000)).equals(big.subarray(699_990))).toBe(true);
    expect(await read(800_000, 10)).toHaveLength(0);
    expect(await failure(hosts.read('vps', join(folder, 'nothing'), { offset: 0, maxBytes: 1 }, newCall()))).toMatchObject({
      code: 'provider_not_found',
      details: { provider: { code: 'NoSuchFile' } },
    });
  });

  it('lists names with their kinds', async () => {
    const found = await hosts.list('vps', folder, newCall());
    expect(found.map(({ path, kind }) => [path.slice(folder.length + 1), kind])).toEqual([
      ['big', 'file'],
      ["it's $(here)\n", 'file'],
      ['link', 'link'],
    ]);
    expect(await failure(hosts.list('vps', join(folder, 'big'), newCall()))).toMatchObject({
      details: { provider: { code: 'NotAFolder' } },
    });
  });
});

describe('uploading', () => {
  it('puts files of every kind in their places, with their modes, and nothing else', async () => {
    const folder = newFolder();
    const call = newCall();
    const big = randomBytes(3_000_000);
    const files = [
      fileOf('app/big.bin', big),
      fileOf('run', '#!/bin/sh\n', 0o755),
      fileOf('secret', 'x', 0o600),
      fileOf('shared', 'x', 0o664),
      fileOf('empty', ''),
      fileOf("odd/it's; $(touch no)\n-rf", 'odd'),
      ...Array.from({ length: 300 }, (_, index) => fileOf(`many/${index % 7}/${index}.txt`, `file ${index}`)),
    ];
    let progress = 0;
    await upload(folder, files, call, (bytes) => {
      expect(bytes).toBeGreaterThan(progress);
      progress = bytes;
    });
    expect(progress).toBe(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    for (const { path, mode } of files) expect(statSync(join(folder, path)).mode & 0o777).toBe(mode);
    expect(
      createHash('sha256')
        .update(readFileSync(join(folder, 'app/big.bin')))
        .digest('hex'),
    ).toBe(createHash('sha256').update(big).digest('hex'));
    expect(readFileSync(join(folder, 'many/3/3.txt'), 'utf8')).toBe('file 3');
    expect(everything(folder).filter((path) => path.includes('.ziggie-'))).toEqual([]);
    expect(everything(folder).filter((path) => statSync(join(folder, path)).isFile())).toHaveLength(files.length);
    expect(call.attempts).toEqual(['applied']);
  });

  it('replaces a file, and a link rather than what it points to', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, 'target'), 'precious');
    symlinkSync('target', join(folder, 'link'));
    await upload(folder, [fileOf('link', 'new')]);
    await upload(folder, [fileOf('link', 'newer')]);
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('newer');
  });

  it.each(['../out', '/etc/x', 'a/../../b', 'a//b', './a', '', 'a\0b', 'a/'])(
    'refuses the path %j before anything is sent',
    async (path) => {
      const call = newCall();
      const folder = newFolder();
      expect(await failure(upload(folder, [fileOf('good', 'x'), { ...fileOf('x', 'x'), path }], call))).toMatchObject({
        code: 'invalid_input',
      });
      expect(call.attempts).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    },
  );

  it.each([
    ['shorter', 10, 'abc'],
    ['longer', 2, 'abc'],
    ['longer by a piece', 254 * 1_024, 'x'.repeat(254 * 1_024 + 1)],
  ])('refuses a file that became %s, and leaves what was there', async (_, sizeBytes, content) => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'before');
    const call = newCall();
    expect(await failure(upload(folder, [{ ...fileOf('file', content), sizeBytes }], call))).toMatchObject({ code: 'invalid_input' });
    expect(everything(folder)).toEqual(['file']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before');
    expect(call.ledger.effect()).toBe('none');
  });

  it('reads a file handle to its end, and closes it', async () => {
    const folder = newFolder();
    const content = randomBytes(900_000);
    const local = join(sshd.folder, 'local');
    writeFileSync(local, content);
    const handle = await open(local);
    await upload(folder, [{ path: 'copy', sizeBytes: content.length, mode: 0o644, open: async () => handle }]);
    expect(readFileSync(join(folder, 'copy')).equals(content)).toBe(true);
    await expect(handle.stat()).rejects.toThrow();
  });

  it('leaves nothing of a file whose source fails', async () => {
    const folder = newFolder();
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(100));
        this.destroy(Object.assign(new Error('gone'), { code: 'EIO' }));
      },
    });
    const error = await failure(upload(folder, [{ path: 'file', sizeBytes: 1_000, mode: 0o644, open: () => source }]));
    expect(error).toMatchObject({ code: 'invalid_input' });
    expect(everything(folder)).toEqual([]);
  });

  it('stops when it is cancelled, and removes what was not finished', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const call = newCall();
    const endless = new Readable({
      read() {
        setImmediate(() => this.push(Buffer.alloc(64 * 1_024)));
      },
    });
    const error = await failure(
      upload(folder, [{ path: 'endless', sizeBytes: 1e12, mode: 0o644, open: () => endless }], call, (bytes) => {
        if (bytes > 1_000_000) call.cancel();
      }),
    );
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(everything(folder)).toEqual([]);
    expect(endless.destroyed).toBe(true);
    expect(call.ledger.effect()).toBe('none');
  });

  it('sends nothing more of a file handle once it is cancelled', async () => {
    const folder = newFolder();
    const local = join(sshd.folder, 'large');
    writeFileSync(local, Buffer.alloc(40_000_000));
    const call = newCall();
    let most = 0;
    const error = await failure(
      upload(folder, [{ path: 'large', sizeBytes: 40_000_000, mode: 0o644, open: () => open(local) }], call, (bytes) => {
        most = bytes;
        if (bytes > 1_000_000) call.cancel();
      }),
    );
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(most).toBeLessThan(10_000_000);
    expect(everything(folder)).toEqual([]);
  });

  it('stops at the deadline of the call', async () => {
    const folder = newFolder();
    const silent = new Readable({ read: () => undefined });
    const error = await failure(
      upload(folder, [{ path: 'silent', sizeBytes: 5, mode: 0o644, open: () => silent }], newCall({ deadlineAt: Date.now() + 500 })),
    );
    expect(error).toMatchObject({ code: 'timeout' });
    expect(everything(folder)).toEqual([]);
  });

  it('says that something is no folder', async () => {
    const folder = newFolder();
    writeFileSync(folder, '');
    expect(await failure(upload(folder, [fileOf('x', 'x')]))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { code: 'NotAFolder' } },
    });
  });

  it('over a connection that breaks leaves no whole file, and says that it does not know', async () => {
    const network = await badNetworkTo(sshd.port);
    atEnd(() => network.stop());
    const through = hostsFor(settingsFor(sshd, { port: network.port }));
    const folder = newFolder();
    const call = newCall();
    const content = randomBytes(8_000_000);
    const error = await failure(
      through.upload(
        'vps',
        folder,
        [fileOf('file', content)],
        (bytes) => {
          if (bytes > 3_000_000) network.cut();
        },
        call,
      ),
    );
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'ConnectionLost' } } });
    expect(existsSync(join(folder, 'file'))).toBe(false);
    expect(call.ledger.effect()).toBe('unknown');
    await through.upload('vps', folder, [fileOf('file', content)], () => undefined, newCall());
    expect(readFileSync(join(folder, 'file')).equals(content)).toBe(true);
  });

  it('over a slow link arrives whole', async () => {
    const network = await badNetworkTo(sshd.port, 2_000_000);
    atEnd(() => network.stop());
    const folder = newFolder();
    const content = randomBytes(1_500_000);
    await hostsFor(settingsFor(sshd, { port: network.port })).upload('vps', folder, [fileOf('file', content)], () => undefined, newCall());
    expect(readFileSync(join(folder, 'file')).equals(content)).toBe(true);
  });

  it('that exceeds a limit of the server leaves nothing', async () => {
    const limited = await sshdForTests({ largestFileBytes: 1_048_576 });
    const folder = join(limited.folder, 'limited');
    const error = await failure(
      hostsFor(settingsFor(limited)).upload('vps', folder, [fileOf('file', randomBytes(2_000_000))], () => undefined, newCall()),
    );
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'SftpFailure' } } });
    expect(everything(folder)).toEqual([]);
  });
});

describe('a server that cannot take it', () => {
  it('has a full disk: says so, and leaves nothing of the file', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    if (!mountSmall(folder)) throw new Error('A full disk needs root: run the full suite in a container, or as root.');
    try {
      await upload(folder, [fileOf('small', 'fits')]);
      const call = newCall();
      const error = await failure(upload(folder, [fileOf('large', randomBytes(3_000_000))], call));
      expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'NoSpace' } } });
      expect(everything(folder)).toEqual(['small']);
      expect(call.ledger.effect()).toBe('none');
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('does not let the user write: says so', async () => {
    // Root may write everywhere but where nobody can.
    const folder = process.getuid?.() === 0 ? '/proc/ziggie' : newFolder();
    if (folder !== '/proc/ziggie') {
      mkdirSync(folder);
      chmodSync(folder, 0o500);
    }
    const error = await failure(upload(folder, [fileOf('x', 'x')]));
    expect(['provider_denied', 'provider_not_found']).toContain(error.code);
  });
});

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
