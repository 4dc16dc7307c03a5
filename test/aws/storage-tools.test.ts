import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/call/call.ts';
import { sandboxAws } from './harness.ts';
import { roadOver } from './road.ts';

/** The storage tools on the whole road, over the sandbox: what agents are answered, and that each tool declares what it uses. */
let road: Awaited<ReturnType<typeof roadOver>>;
beforeAll(async () => {
  road = await roadOver(sandboxAws());
});
afterAll(() => road.close());

const bucket = 'ziggie-deployments';
function answerOf(result: CallResult) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.output;
}
function errorOf(result: CallResult) {
  if (result.ok) throw new Error(`expected a failure, got ${JSON.stringify(result.output)}`);
  return result.error;
}
const call = async (tool: string, input: object) => answerOf(await road.call(`storage_${tool}`, input));
const fail = async (tool: string, input: object) => errorOf(await road.call(`storage_${tool}`, input));
const approved = async (tool: string, input: object) => {
  const { approval } = await fail(tool, input);
  road.approve(approval?.id ?? '');
  return call(tool, input);
};

describe('storage tools', () => {
  it('list buckets and objects in few tokens', async () => {
    expect(await call('list_buckets', {})).toEqual({
      buckets: [
        { bucket: 'ziggie-audit-logs', region: 'eu-north-1', createdAt: expect.any(String) },
        { bucket, region: 'eu-north-1', createdAt: expect.any(String) },
      ],
    });
    expect(await call('list_objects', { bucket, folders: true })).toEqual({ objects: [], folders: ['api/', 'releases/', 'web/'] });
    for (let index = 0; index < 30; index += 1) {
      await call('put_object', { bucket, key: `web/assets/chunk-${index}-3fa9c1d7.js`, text: `// ${index}` });
    }
    const page = await road.call('storage_list_objects', { bucket, prefix: 'web/' });
    const output = answerOf(page);
    expect(output.objects).toHaveLength(25);
    expect(encode(JSON.stringify(output)).length).toBeLessThan(2_000);
    expect(page).toMatchObject({ untrusted: expect.arrayContaining(['objects.*.key']) });
    const rest = await call('list_objects', { bucket, prefix: 'web/', cursor: output.nextCursor });
    expect(rest.objects).toHaveLength(33 - 25);
  });

  it('read text up to a cap and mark it untrusted, and give a working address of what is none', async () => {
    const page = await road.call('storage_get_object', { bucket, key: 'web/index.html' });
    expect(answerOf(page)).toMatchObject({ text: expect.stringContaining('Hello'), contentType: 'text/html; charset=utf-8' });
    expect(page).toMatchObject({ untrusted: expect.arrayContaining(['text']) });
    const log = await call('get_object', { bucket, key: 'releases/1.5.0/build.log' });
    expect(log).toMatchObject({ range: { from: 0, to: 16_384 }, nextFrom: 16_384 });
    const whole = await call('get_object', { bucket, key: 'releases/1.5.0/build.log', maxBytes: 65_536, from: log.nextFrom });
    expect(whole).toMatchObject({ range: { from: 16_384, to: 16_384 + 65_536 } });
    expect(whole.text).not.toContain('\ufffd');
    const logo = await call('get_object', { bucket, key: 'web/assets/logo.png' });
    expect(logo).toMatchObject({
      contentType: 'image/png',
      sizeBytes: expect.any(Number),
      url: expect.stringContaining('X-Amz-Signature='),
    });
    expect(logo).not.toHaveProperty('text');
  });

  it.each([
    ['get_object', { bucket, key: 'web/assets/logo.png', as: 'text' }, 'invalid_input', 'as: link'],
    ['get_object', { bucket, key: 'web/index.html', from: 1_000_000 }, 'invalid_input', 'below'],
    ['get_object', { bucket, key: 'web/index.html', maxBytes: 65_537 }, 'invalid_input', 'Correct the arguments'],
    ['get_object', { bucket, key: 'web/absent' }, 'target_unresolved', 'storage_list_objects'],
    ['get_object', { bucket: 'ziggie-nowhere', key: 'a' }, 'target_unresolved', 'storage_list_buckets'],
    ['get_object', { bucket, key: 'web/../api/config.json' }, 'invalid_input', 'Correct the arguments'],
    ['put_object', { bucket, key: 'a' }, 'invalid_input', 'Correct the arguments'],
    ['put_object', { bucket, key: 'a', text: 'x', base64: 'eA==' }, 'invalid_input', 'Correct the arguments'],
    ['put_object', { bucket, key: 'a', text: 'x', ifAbsent: true, ifMatch: 'y' }, 'invalid_input', 'Correct the arguments'],
    ['put_object', { bucket, key: 'a', text: 'x'.repeat(262_145) }, 'invalid_input', 'Correct the arguments'],
    ['put_object', { bucket, key: 'a', file: 'x' }, 'provider_not_configured', 'storage.workspace'],
    ['put_object', { bucket, key: 'web/index.html', text: 'x', ifAbsent: true }, 'provider_conflict', 'ifMatch'],
    ['delete_object', { bucket, key: 'web/absent' }, 'target_unresolved', 'storage_list_objects'],
    ['share_object', { bucket, key: 'web/absent' }, 'target_unresolved', 'storage_list_objects'],
    ['share_object', { bucket, key: 'web/index.html', minutes: 61 }, 'invalid_input', 'storage.maxShareMinutes'],
    ['list_objects', { bucket, cursor: 'eA' }, 'invalid_input', 'nextCursor'],
  ])('%s %j fails with %s', async (tool, input, code, remedy) => {
    expect(await fail(tool, input)).toMatchObject({ code, effect: 'none', remedy: expect.stringContaining(remedy) });
  });

  it('store text of several lines and base64 with slashes', async () => {
    const text = 'a // comment\n../not/a/path\r\n\tC:\\windows\n';
    await call('put_object', { bucket, key: 'web/notes.txt', text });
    expect(await call('get_object', { bucket, key: 'web/notes.txt' })).toMatchObject({ text });
    expect(await call('put_object', { bucket, key: 'web/bytes', base64: '////' })).toMatchObject({ sizeBytes: 3, replaced: false });
  });

  it('delete only after a person has approved, and undo it', async () => {
    const key = 'web/doomed.txt';
    await call('put_object', { bucket, key, text: 'x' });
    expect(await fail('delete_object', { bucket, key })).toMatchObject({ code: 'approval_required', effect: 'none' });
    const deleted = await approved('delete_object', { bucket, key });
    expect(deleted).toMatchObject({ canBeUndone: true, undo: expect.stringContaining(String(deleted.versionId)) });
    expect((await fail('get_object', { bucket, key })).code).toBe('target_unresolved');
    await approved('delete_object', { bucket, key, versionId: deleted.versionId });
    expect(await call('get_object', { bucket, key })).toMatchObject({ text: 'x' });
  });

  it('read, share and delete old versions', async () => {
    const key = 'web/versions.txt';
    const first = await call('put_object', { bucket, key, text: 'first' });
    expect(await call('put_object', { bucket, key, text: 'second', ifMatch: first.etag })).toMatchObject({
      replaced: true,
      canBeUndone: true,
    });
    const { versionId } = first;
    expect(await call('get_object', { bucket, key, versionId })).toMatchObject({ text: 'first', versionId });
    expect(await call('share_object', { bucket, key, versionId, minutes: 1 })).toMatchObject({
      url: expect.stringContaining('versionId='),
    });
    expect(await approved('delete_object', { bucket, key, versionId })).toEqual({ canBeUndone: false, versionId });
    expect((await fail('get_object', { bucket, key, versionId })).provider?.code).toBe('NotFound');
  });

  it.each([
    ['put_object', { key: 'web/plan.txt', text: 'x' }],
    ['delete_object', { key: 'web/index.html' }],
    ['share_object', { key: 'web/index.html' }],
  ])('%s can be tried first', async (tool, input) => {
    expect(await call(tool, { bucket, ...input, dryRun: true })).toMatchObject({
      plan: { change: expect.any(Object), providerChecked: false },
    });
    expect((await fail('get_object', { bucket, key: 'web/plan.txt' })).code).toBe('target_unresolved');
    expect(await call('get_object', { bucket, key: 'web/index.html' })).toHaveProperty('text');
  });
});
