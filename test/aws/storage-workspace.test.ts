import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkspaceFile } from '../../src/providers/aws/storage/workspace.ts';
import { failure } from './harness.ts';

let base: string;
let workspace: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'ziggie-workspace-'));
  workspace = join(base, 'workspace');
  await mkdir(join(workspace, 'site/deep'), { recursive: true });
  await mkdir(join(base, 'workspace-of-others'));
  await writeFile(join(base, 'private'), 'outside');
  await writeFile(join(base, 'workspace-of-others/private'), 'outside');
  await writeFile(join(workspace, 'site/index.html'), 'inside');
  await symlink('../../../private', join(workspace, 'site/deep/out'));
  await symlink(join(base, 'private'), join(workspace, 'absolute'));
  await symlink('..', join(workspace, 'up'));
  await symlink('../workspace-of-others', join(workspace, 'beside'));
  await symlink('site/index.html', join(workspace, 'home'));
  await symlink('site', join(workspace, 'pages'));
  await symlink('nowhere', join(workspace, 'dangling'));
  await symlink(workspace, join(base, 'entrance'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function contentOf(path: string, folder: string | undefined = workspace): Promise<string> {
  const handle = await openWorkspaceFile(folder, path);
  try {
    return String(await handle.readFile());
  } finally {
    await handle.close();
  }
}

describe('files of the workspace', () => {
  it.each(['site/index.html', 'home', 'pages/index.html'])('opens %s', async (path) => {
    expect(await contentOf(path)).toBe('inside');
  });

  it('takes a workspace that is itself behind a link', async () => {
    expect(await contentOf('site/index.html', join(base, 'entrance'))).toBe('inside');
  });

  it.each([
    'site/deep/out',
    'absolute',
    'up/private',
    'beside/private',
    'beside',
    'site/../../private',
    '../private',
    '/etc/hostname',
    'site//index.html',
    './site/index.html',
    'site\\..\\..\\private',
    'site/index.html\0.png',
    '',
  ])('does not open %j', async (path) => {
    expect(await failure(openWorkspaceFile(workspace, path))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('not inside'),
    });
  });

  it.each(['site', 'dangling', 'site/absent', 'site/index.html/below'])('says that %s is no readable file', async (path) => {
    expect(await failure(openWorkspaceFile(workspace, path))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('no readable file'),
    });
  });

  it('does not wait for the writer of a pipe', async () => {
    await promisify(execFile)('mkfifo', [join(workspace, 'pipe')]);
    expect((await failure(openWorkspaceFile(workspace, 'pipe'))).code).toBe('invalid_input');
  });

  it('says what to configure when there is no workspace, or none any more', async () => {
    for (const folder of [undefined, join(base, 'gone')]) {
      const error = await failure(openWorkspaceFile(folder, 'x'));
      expect(error.code).toBe('provider_not_configured');
      expect(error.details.remedy).toContain('storage.workspace');
    }
  });

  it('never gives content from outside, whatever the path', async () => {
    const parts = fc.constantFrom(
      'site',
      'deep',
      'out',
      'up',
      'beside',
      'private',
      'absolute',
      'home',
      'index.html',
      '..',
      '.',
      '',
      'pages',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { minLength: 1, maxLength: 6 }), async (path) => {
        const content = await contentOf(path.join('/')).catch(() => 'refused');
        expect(['inside', 'refused']).toContain(content);
      }),
      { numRuns: 300 },
    );
  });

  it('never gives content from outside while a folder is exchanged for a link', async () => {
    await mkdir(join(workspace, 'moving'));
    await writeFile(join(workspace, 'moving/private'), 'inside');
    await symlink(base, join(workspace, 'trap'));
    const moving = join(workspace, 'moving');
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn += 1) await nextTurn();
    };
    let isOver = false;
    const exchange = async () => {
      for (let round = 0; !isOver; round += 1) {
        await turns(round % 17);
        await rename(moving, join(workspace, 'parked'));
        await rename(join(workspace, 'trap'), moving);
        await turns(round % 5);
        await rename(moving, join(workspace, 'trap'));
        await rename(join(workspace, 'parked'), moving);
      }
    };
    const exchanging = exchange();
    const seen = new Set<string>();
    for (let round = 0; round < 1_500; round += 1) seen.add(await contentOf('moving/private').catch(() => 'refused'));
    isOver = true;
    await exchanging;
    expect([...seen].filter((content) => content !== 'inside' && content !== 'refused')).toEqual([]);
    expect(seen).toContain('inside');
  });
});
