import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { openArtifact } from '../../src/deploy/artifact.ts';
import type { Artifact, SourceSpec } from '../../src/ports/deploy.ts';
import { failure, newCall } from '../aws/harness.ts';
import { temporaryFolder } from '../support/folders.ts';

const base = temporaryFolder();
type Entry = Partial<Header> & { name: string; text?: string };

function newPlace() {
  const folder = mkdtempSync(join(base, 'place-'));
  const objects = new Map<string, Buffer>();
  const open = (source: SourceSpec, version = 'v1', call = newCall()): Promise<Artifact> =>
    openArtifact(
      { name: 'web', source },
      version,
      {
        configFolder: folder,
        temporaryFolder: join(folder, 'tmp'),
        store: {
          async open(_source, key) {
            const body = objects.get(key) ?? Buffer.alloc(0);
            return { sizeBytes: body.length, body: Readable.from([body]) };
          },
        },
      },
      call,
    );
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), mode);
  };
  return { folder, objects, open, write, leftovers: () => (existsSync(join(folder, 'tmp')) ? readdirSync(join(folder, 'tmp')) : []) };
}

async function tar(entries: readonly Entry[], gzip = false): Promise<Buffer> {
  const made = pack();
  for (const { text = '', ...header } of entries) made.entry(header, text);
  made.finalize();
  const parts: Buffer[] = [];
  const source = Readable.from(made as AsyncIterable<Buffer>);
  for await (const part of gzip ? source.pipe(createGzip()) : source) parts.push(part);
  return Buffer.concat(parts);
}

/** The header of an entry whose body never comes. */
async function headerOf(header: Partial<Header> & { name: string }): Promise<Buffer> {
  const made = pack();
  made.entry(header).on('error', () => {});
  const first = Promise.withResolvers<Buffer>();
  made.once('data', (bytes) => first.resolve(bytes as Buffer));
  made.on('error', () => {});
  const bytes = await first.promise;
  made.destroy();
  return bytes;
}

async function textOf(artifact: Artifact, path: string): Promise<string> {
  const file = artifact.files.find((each) => each.path === path);
  if (!file) throw new Error(`no ${path}`);
  let text = '';
  for await (const part of await artifact.open(file)) text += part;
  return text;
}

const folderSource: SourceSpec = { kind: 'folder', path: 'builds/{version}' };
const tarSource: SourceSpec = { kind: 'tarball', path: 'builds/{version}.tar' };

describe('a folder', () => {
  it('is read whole, with what may be run', async () => {
    const { open, write } = newPlace();
    write('builds/v1/index.html', 'hello');
    write('builds/v1/bin/run', '#!', 0o700);
    write('builds/v1/.well-known/x', '');
    const artifact = await open(folderSource);
    expect(artifact.files.map(({ path, mode, sizeBytes }) => [path, mode, sizeBytes])).toEqual([
      ['.well-known/x', 0o644, 0],
      ['bin/run', 0o755, 2],
      ['index.html', 0o644, 5],
    ]);
    expect(artifact.totalBytes).toBe(7);
    expect(await textOf(artifact, 'index.html')).toBe('hello');
    expect(await textOf(artifact, '.well-known/x')).toBe('');
  });

  it.each([
    ['of another length', (at: string) => writeFileSync(at, 'hello!')],
    ['of the same length', (at: string) => writeFileSync(at, 'hallo')],
    ['cut', (at: string) => truncateSync(at, 2)],
    [
      'replaced by a link',
      (at: string) => {
        renameSync(at, `${at}.real`);
        symlinkSync(`${at}.real`, at);
      },
    ],
    ['gone', (at: string) => renameSync(at, `${at}.real`)],
    [
      'replaced by a pipe',
      (at: string) => {
        renameSync(at, `${at}.real`);
        execFileSync('mkfifo', [at]);
      },
    ],
  ])('gives no file that is %s since it was hashed', async (_, change) => {
    const { open, write, folder } = newPlace();
    write('builds/v1/index.html', 'hello');
    const artifact = await open(folderSource);
    change(join(folder, 'builds/v1/index.html'));
    expect(await failure(textOf(artifact, 'index.html'))).toMatchObject({
      code: 'provider_conflict',
      details: { provider: { code: 'ArtifactChanged' } },
    });
  });

  it.each([
    ['a link to a file', (at: string) => symlinkSync('/etc/passwd', join(at, 'x')), 'is a link'],
    ['a link to a folder', (at: string) => symlinkSync('/etc', join(at, 'x')), 'is a link'],
    ['a pipe', (at: string) => execFileSync('mkfifo', [join(at, 'x')]), 'no plain file'],
    ['a backslash', (at: string) => writeFileSync(join(at, 'a\\b'), ''), 'backslash'],
    ['a line break', (at: string) => writeFileSync(join(at, 'a\nb'), ''), 'line break'],
    ['a control character', (at: string) => writeFileSync(join(at, 'a\u0007b'), ''), 'control'],
    ['a name that is no UTF-8', (at: string) => writeFileSync(Buffer.concat([Buffer.from(`${at}/`), Buffer.from([0xff])]), ''), 'UTF-8'],
  ])('with %s is refused', async (_, make, message) => {
    const { open, write, folder } = newPlace();
    write('builds/v1/index.html', 'hello');
    make(join(folder, 'builds/v1'));
    const error = await failure(open(folderSource));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'ArtifactRefused' } } });
    expect(error.message).toContain(message);
  });

  it('that is empty, a file or a link is refused', async () => {
    const { open, write, folder } = newPlace();
    mkdirSync(join(folder, 'builds/v1/empty'), { recursive: true });
    expect((await failure(open(folderSource))).message).toContain('empty');
    write('builds/v2', 'x');
    expect((await failure(open(folderSource, 'v2'))).message).toContain('no folder');
    write('elsewhere/dist/index.html', 'hello');
    symlinkSync('../elsewhere', join(folder, 'builds/v3'));
    expect((await failure(open(folderSource, 'v3'))).message).toContain('link');
    expect((await failure(open({ kind: 'folder', path: 'builds/{version}/dist' }, 'v3'))).message).toContain('link');
    symlinkSync('elsewhere', join(folder, 'latest'));
    expect((await failure(open({ kind: 'folder', path: 'latest' }))).message).toContain('link');
  });

  it('may lie behind links of whoever wrote ziggie.yaml', async () => {
    const { open, write, folder } = newPlace();
    write('real/v1/index.html', 'hello');
    symlinkSync('real', join(folder, 'builds'));
    expect((await open(folderSource)).files).toHaveLength(1);
  });

  it('that is not there names the versions that are, newest first', async () => {
    const { open, write } = newPlace();
    write('builds/web-v1/index.html', 'x');
    write('builds/web-v2/index.html', 'x');
    write('builds/other/index.html', 'x');
    const error = await failure(open({ kind: 'folder', path: 'builds/web-{version}' }, 'v3'));
    expect(error).toMatchObject({ code: 'target_unresolved' });
    expect(error.details.remedy).toMatch(/v2, v1|v1, v2/);
    expect(error.details.remedy).not.toContain('other');
    expect(await failure(open({ kind: 'folder', path: 'nowhere' }))).toMatchObject({ code: 'target_unresolved' });
  });

  it('stops being read when the call is cancelled', async () => {
    const { open, write } = newPlace();
    write('builds/v1/index.html', 'x');
    const call = newCall();
    call.cancel();
    expect(await failure(open(folderSource, 'v1', call))).toMatchObject({ code: 'cancelled' });
  });
});

describe('a tarball', () => {
  it('of GNU tar is read, compressed or not, and leaves nothing', async () => {
    const { open, write, folder, leftovers } = newPlace();
    const long = `${'d'.repeat(120)}/${'f'.repeat(150)}`;
    write('in/index.html', 'hello');
    write(`in/${long}`, 'long');
    write('in/bin/run', '#!', 0o755);
    for (const [name, flag] of [
      ['v1.tar', '-cf'],
      ['v1.tgz', '-czf'],
    ] as const) {
      mkdirSync(join(folder, 'builds'), { recursive: true });
      execFileSync('tar', [flag, join(folder, 'builds', name), '-C', join(folder, 'in'), '.']);
      const artifact = await open({ kind: 'tarball', path: `builds/{version}.${name.split('.')[1]}` });
      expect(artifact.files.map(({ path }) => path)).toEqual(['bin/run', long, 'index.html']);
      expect(await textOf(artifact, long)).toBe('long');
      expect(leftovers()).toHaveLength(1);
      await artifact.dispose();
      expect(leftovers()).toEqual([]);
    }
  });

  it.each<[string, Entry]>([
    ['an absolute path', { name: '/etc/cron.d/x', text: 'x' }],
    ['a way up', { name: '../x', text: 'x' }],
    ['a way up inside', { name: 'a/../../x', text: 'x' }],
    ['a folder further up', { name: '../x/', type: 'directory' }],
    ['a link', { name: 'x', type: 'symlink', linkname: '/etc/passwd' }],
    ['a hard link', { name: 'x', type: 'link', linkname: 'index.html' }],
    ['a device', { name: 'x', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a pipe', { name: 'x', type: 'fifo' }],
    ['a line break', { name: 'a\nb', text: 'x' }],
    ['a backslash', { name: 'a\\b', text: 'x' }],
    ['the same file twice', { name: 'index.html', text: 'x' }],
    ['a file below a file', { name: 'index.html/x', text: 'x' }],
  ])('with %s is refused, and leaves nothing', async (_, entry) => {
    const { open, write, folder, leftovers } = newPlace();
    write('builds/x', '');
    writeFileSync(join(folder, 'builds/v1.tar'), await tar([{ name: 'index.html', text: 'hello' }, entry]));
    expect(await failure(open(tarSource))).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'ArtifactRefused' } } });
    if (entry.name.startsWith('/')) expect((await failure(open(tarSource))).message).toContain('absolute');
    expect(leftovers()).toEqual([]);
    expect(existsSync(join(folder, 'x')) || existsSync(join(folder, 'tmp/x'))).toBe(false);
  });

  it('that is cut, or none at all, is refused', async () => {
    const { open, write, folder, leftovers } = newPlace();
    write('builds/x', '');
    const whole = await tar([{ name: 'index.html', text: 'x'.repeat(50_000) }], true);
    writeFileSync(join(folder, 'builds/v1.tgz'), whole.subarray(0, whole.length - 20));
    writeFileSync(join(folder, 'builds/v2.tgz'), 'no tarball');
    for (const version of ['v1', 'v2']) {
      expect((await failure(open({ kind: 'tarball', path: 'builds/{version}.tgz' }, version))).message).toContain('no whole tarball');
    }
    expect(leftovers()).toEqual([]);
    expect(await failure(open({ kind: 'tarball', path: 'builds/{version}' }, 'x'))).toMatchObject({ code: 'provider_not_configured' });
  });

  it('is not unpacked beyond what a release may hold', async () => {
    const { open, write, folder, leftovers } = newPlace();
    write('builds/v1.tar', '');
    // Three GiB of hole.
    truncateSync(join(folder, 'builds/v1.tar'), 3 * 1024 ** 3);
    // Of a file that is said to be as large, no more than the beginning.
    writeFileSync(join(folder, 'builds/v2.tar'), await headerOf({ name: 'index.html', size: 3 * 1024 ** 3 }));
    for (const version of ['v1', 'v2']) expect((await failure(open(tarSource, version))).message).toContain('2 GiB');
    expect(leftovers()).toEqual([]);
  });

  it('may be an object of S3', async () => {
    const { open, objects } = newPlace();
    objects.set('web/v1.tar.gz', await tar([{ name: './index.html', text: 'hello' }], true));
    const source: SourceSpec = {
      kind: 's3',
      bucket: 'ziggie-deployments',
      key: 'web/{version}.tar.gz',
      account: 'main',
      region: 'eu-north-1',
    };
    expect(await textOf(await open(source), 'index.html')).toBe('hello');
    expect((await failure(open(source, 'v2'))).code).toBe('provider_rejected');
  });
});

it('has the same digest from a folder and from a tarball, and another for any other files', { timeout: 60_000 }, async () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9 $'";&|<>*?~!#%(){}[\]=,@^_-]{1,12}$/).filter((text) => text !== '.' && text !== '..');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const file = fc.record({ text: fc.string({ maxLength: 40 }), run: fc.boolean() });
  const { folder, open, write } = newPlace();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(path, file, { minKeys: 1, maxKeys: 5, noNullPrototype: true }), async (files) => {
      const paths = Object.keys(files);
      fc.pre(!paths.some((each) => paths.some((other) => other.startsWith(`${each}/`))));
      run += 1;
      const version = `r${run}`;
      for (const [at, { text, run: mayRun }] of Object.entries(files)) write(`builds/${version}/${at}`, text, mayRun ? 0o755 : 0o600);
      const entries = Object.entries(files).map(([at, { text, run: mayRun }]) => ({ name: at, text, mode: mayRun ? 0o711 : 0o640 }));
      writeFileSync(join(folder, `builds/${version}.tar`), await tar(entries.reverse()));
      const [fromFolder, fromTar] = await Promise.all([open(folderSource, version), open(tarSource, version)]);
      expect(fromTar.digest).toBe(fromFolder.digest);
      expect(fromTar.files).toEqual(fromFolder.files);
      const [first = ''] = paths;
      write(`builds/${version}/${first}`, `${files[first]?.text}.`, files[first]?.run ? 0o755 : 0o600);
      expect((await open(folderSource, version)).digest).not.toBe(fromFolder.digest);
      await fromTar.dispose();
    }),
    { numRuns: 40 },
  );
});

it('takes away what a killed process unpacked, a day later', async () => {
  const { open, write, folder, leftovers } = newPlace();
  write('builds/x', '');
  write('tmp/artifact-old/x', 'x');
  write('tmp/artifact-new/x', 'x');
  execFileSync('touch', ['-d', '2 days ago', join(folder, 'tmp/artifact-old')]);
  writeFileSync(join(folder, 'builds/v1.tar'), await tar([{ name: 'index.html', text: 'hello' }]));
  await (await open(tarSource)).dispose();
  expect(leftovers()).toEqual(['artifact-new']);
});
