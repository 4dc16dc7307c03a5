import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PutObject } from '../../src/ports/storage.ts';
import type { AwsOptions, AwsProvider } from '../../src/providers/aws/index.ts';
import { accountsOf, failure, newCall, resolved } from './harness.ts';
import { bucketOf, objectOf } from './storage-world.ts';

/** Where a counterpart is not like S3; everything else in this file holds for both. */
export interface Differences {
  /** Whether a list of buckets is cut into pages and says the region of each. */
  readonly pagesBuckets: boolean;
  /** Whether a bucket is refused to whoever expects another owner. */
  readonly checksOwner: boolean;
}

export const differences = {
  sandbox: { pagesBuckets: true, checksOwner: true },
  moto: { pagesBuckets: false, checksOwner: false },
} as const satisfies Record<string, Differences>;

const megabyte = 1024 * 1024;
const link = { maxBytes: 64, as: 'link' } as const;
const text = { maxBytes: 65_536, as: 'text' } as const;

/** What the storage port promises, against whatever answers below it. */
export function describeStorage(where: string, connect: (options: Partial<AwsOptions>) => Promise<AwsProvider>, like: Differences): void {
  describe(`storage over ${where}`, () => {
    let aws: AwsProvider;
    let workspace: string;
    beforeAll(async () => {
      workspace = await mkdtemp(join(tmpdir(), 'ziggie-workspace-'));
      aws = await connect({ storage: { workspace, maxShareMinutes: 60 } });
    });
    afterAll(() => rm(workspace, { recursive: true, force: true }));

    const stored = async (body: PutObject, key = `contract/${randomUUID()}`, bucket = 'ziggie-deployments') => {
      const result = await aws.storage.put(await objectOf(aws, key, { bucket }), body, newCall());
      return { key, result, target: await objectOf(aws, key, { bucket }) };
    };
    const read = async (key: string, bucket?: string) => {
      return (await aws.storage.get(await objectOf(aws, key, { bucket, mayBeAbsent: false }), text, newCall())).text;
    };

    it('lists buckets, all or those with a prefix', async () => {
      const accounts = (await accountsOf(aws, { type: 'Account' }, newCall())).map(resolved);
      const { buckets } = await aws.storage.buckets(accounts, { limit: 25 }, newCall());
      expect(buckets.map(({ bucket }) => bucket)).toEqual(expect.arrayContaining(['ziggie-audit-logs', 'ziggie-deployments']));
      expect(buckets[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const some = await aws.storage.buckets(accounts, { limit: 25, prefix: 'ziggie-d' }, newCall());
      expect(some.buckets.map(({ bucket }) => bucket)).toEqual(['ziggie-deployments']);
      if (!like.pagesBuckets) return;
      const first = await aws.storage.buckets(accounts, { limit: 1 }, newCall());
      expect(first.buckets.map(({ bucket }) => bucket)).toEqual(['ziggie-audit-logs']);
      const second = await aws.storage.buckets(accounts, { limit: 1, cursor: first.nextCursor }, newCall());
      expect(second.buckets.map(({ bucket }) => bucket)).toEqual(['ziggie-deployments']);
      expect(first.buckets[0]?.region).toBe('eu-north-1');
    });

    it('resolves a bucket to its place and tags, and an object to its facts', async () => {
      expect(await bucketOf(aws, 'ziggie-deployments')).toMatchObject({
        type: 'Bucket',
        id: 'ziggie-deployments',
        account: 'main',
        accountId: '123456789012',
        region: 'eu-north-1',
        tags: { Project: 'Ziggie' },
      });
      const absent = await objectOf(aws, 'contract/absent');
      expect(absent).toMatchObject({
        id: 'ziggie-deployments/contract/absent',
        exists: false,
        sizeBytes: 0,
        etag: '',
        versioning: 'enabled',
      });
      const { target } = await stored({ text: 'hello' });
      expect(target).toMatchObject({ exists: true, sizeBytes: 5, etag: createHash('md5').update('hello').digest('hex') });
      expect(target.tags).toMatchObject({ Project: 'Ziggie' });
      expect((await objectOf(aws, 'x', { bucket: 'ziggie-audit-logs' })).versioning).toBe('off');
    });

    it('says what is missing: the bucket, or the object', async () => {
      const bucket = await failure(bucketOf(aws, 'ziggie-nowhere'));
      expect(bucket).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'NoSuchBucket' } } });
      const object = await failure(objectOf(aws, 'contract/absent', { mayBeAbsent: false }));
      expect(object).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'NoSuchKey' } } });
      const both = await failure(objectOf(aws, 'contract/absent', { bucket: 'ziggie-nowhere' }));
      expect(both.details.provider?.code).toBe('NoSuchBucket');
      expect(new Set([bucket.message, object.message]).size).toBe(2);
      expect(bucket.details.remedy).toContain('storage_list_buckets');
      expect(object.details.remedy).toContain('storage_list_objects');
    });

    it('gives nothing of a bucket that another account owns', async () => {
      const target = await bucketOf(aws, 'ziggie-deployments');
      const other = aws.storage.objects(resolved({ ...target, accountId: '210987654321' }), { limit: 1 }, newCall());
      if (!like.checksOwner) return void (await other);
      expect(await failure(other)).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'AccessDenied' } } });
    });

    it('stores text and reads it back, with what it says of itself', async () => {
      const call = newCall();
      const key = `contract/${randomUUID()}.html`;
      const result = await aws.storage.put(await objectOf(aws, key), { text: '<h1>Grüße</h1>' }, call);
      expect(call.attempts).toEqual(['applied']);
      expect(call.requestIds.length).toBeGreaterThan(0);
      expect(result).toEqual({
        sizeBytes: 16,
        etag: expect.stringMatching(/^[0-9a-f]{32}$/),
        versionId: expect.any(String),
        replaced: false,
      });
      const got = await aws.storage.get(await objectOf(aws, key), text, newCall());
      expect(got).toMatchObject({
        text: '<h1>Grüße</h1>',
        sizeBytes: 16,
        contentType: 'text/html; charset=utf-8',
        etag: result.etag,
        versionId: result.versionId,
        range: { from: 0, to: 16 },
      });
      expect(got.modifiedAt).toMatch(/Z$/);
      expect(got).not.toHaveProperty('nextFrom');
      expect(got).not.toHaveProperty('url');
    });

    it('stores base64 and files byte by byte', async () => {
      const bytes = Buffer.from([0, 255, 1, 254, 10]);
      const { target } = await stored({ base64: bytes.toString('base64') });
      expect(target).toMatchObject({ sizeBytes: 5, etag: createHash('md5').update(bytes).digest('hex') });
      await writeFile(join(workspace, 'site.css'), 'a { color: red }');
      const { key } = await stored({ file: 'site.css' });
      expect(await read(key)).toBe('a { color: red }');
      const sha256 = createHash('sha256').update('a { color: red }').digest('hex');
      expect(await read((await stored({ file: 'site.css', sha256 })).key)).toBe('a { color: red }');
    });

    it.each(['a+b c.txt', 'ünï/☃.txt', "it's=(50%)&more.txt", 'trailing.'])('takes the key %j as it is', async (name) => {
      const prefix = `contract/${randomUUID()}/`;
      const { key } = await stored({ text: name }, `${prefix}${name}`);
      expect(await read(key)).toBe(name);
      const { objects } = await aws.storage.objects(await bucketOf(aws, 'ziggie-deployments'), { prefix, limit: 5 }, newCall());
      expect(objects.map((row) => row.key)).toEqual([key]);
    });

    it('reads an empty object', async () => {
      const { key } = await stored({ text: '' });
      expect(await read(key)).toBe('');
    });

    it('cuts text at the cap, between characters, and goes on from there', async () => {
      const whole = 'ab☃dé'.repeat(100);
      const { target } = await stored({ text: whole });
      let got = '';
      for (let from: number | undefined = 0; from !== undefined; ) {
        const part = await aws.storage.get(target, { from, maxBytes: 64, as: 'text' }, newCall());
        expect(part.range?.from).toBe(from);
        got += part.text;
        from = part.nextFrom;
      }
      expect(got).toBe(whole);
    });

    it('refuses a range beyond the end, and names the size', async () => {
      const { target } = await stored({ text: 'short' });
      const error = await failure(aws.storage.get(target, { from: 5, maxBytes: 64, as: 'auto' }, newCall()));
      expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('5 bytes') });
    });

    it('gives a link instead of bytes that are no text', async () => {
      const { target } = await stored({ base64: Buffer.from([0x89, 0x50, 0, 0xff]).toString('base64') }, `contract/${randomUUID()}.bin`);
      const got = await aws.storage.get(target, { maxBytes: 1_024, as: 'auto' }, newCall());
      expect(got).toMatchObject({ sizeBytes: 4, contentType: 'application/octet-stream' });
      expect(got).not.toHaveProperty('text');
      const url = new URL(got.url ?? '');
      expect(Number(url.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(300);
      expect(url.searchParams.get('x-amz-expected-bucket-owner')).toBe('123456789012');
      expect(Date.parse(got.urlExpiresAt ?? '') - Date.now()).toBeLessThanOrEqual(300_000);
      const asked = await failure(aws.storage.get(target, text, newCall()));
      expect(asked).toMatchObject({ code: 'invalid_input', details: { remedy: expect.stringContaining('as: link') } });
      expect(await aws.storage.get(target, link, newCall())).toMatchObject({ url: expect.any(String), sizeBytes: 4 });
    });

    it('goes by the content type as well as by the bytes', async () => {
      const { target } = await stored({ text: 'GIF89a looks like text', contentType: 'image/gif' });
      expect(await aws.storage.get(target, { maxBytes: 1_024, as: 'auto' }, newCall())).not.toHaveProperty('text');
      const unknown = await stored({ text: 'is text', contentType: 'application/octet-stream' });
      expect(await aws.storage.get(unknown.target, { maxBytes: 1_024, as: 'auto' }, newCall())).toMatchObject({ text: 'is text' });
    });

    it('reads the object that was decided on, or none', async () => {
      const { key, target } = await stored({ text: 'first' });
      await stored({ text: 'second' }, key);
      for (const as of ['text', 'link'] as const) {
        const error = await failure(aws.storage.get(target, { maxBytes: 64, as }, newCall()));
        expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'PreconditionFailed' } } });
      }
    });

    it('replaces, says that it can be undone, and reads the version before', async () => {
      const first = await stored({ text: 'first' });
      const { result, target } = await stored({ text: 'second' }, first.key);
      expect(result).toMatchObject({ replaced: true, canBeUndone: true });
      const { versionId } = first.result;
      expect(await aws.storage.get(target, { ...text, versionId }, newCall())).toMatchObject({ text: 'first', versionId });
      const log = `contract/${randomUUID()}`;
      await stored({ text: 'first' }, log, 'ziggie-audit-logs');
      const unversioned = await stored({ text: 'second' }, log, 'ziggie-audit-logs');
      expect(unversioned.result).toMatchObject({ replaced: true, canBeUndone: false });
      expect(unversioned.result).not.toHaveProperty('versionId');
    });

    it('holds the conditions of the caller, and of what was decided', async () => {
      const { key, target, result } = await stored({ text: 'first' });
      for (const body of [{ ifAbsent: true }, { ifMatch: '0'.repeat(32) }]) {
        const call = newCall();
        const error = await failure(aws.storage.put(target, { text: 'no', ...body }, call));
        expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'PreconditionFailed' } } });
        expect(call.attempts).toEqual([]);
      }
      expect((await stored({ text: 'second', ifMatch: `"${result.etag}"` }, key)).result.replaced).toBe(true);
      const late = newCall();
      expect((await failure(aws.storage.put(target, { text: 'late' }, late))).code).toBe('provider_conflict');
      expect(late.ledger.effect()).toBe('none');
      expect(await read(key)).toBe('second');

      const fresh = `contract/${randomUUID()}`;
      const absent = await objectOf(aws, fresh);
      await stored({ text: 'theirs', ifAbsent: true }, fresh);
      expect((await failure(aws.storage.put(absent, { text: 'ours' }, newCall()))).code).toBe('provider_conflict');
      expect((await failure(aws.storage.put(absent, { text: 'ours', ifMatch: 'gone' }, newCall()))).code).toBe('provider_conflict');
      expect(await read(fresh)).toBe('theirs');
    });

    it('compares the hash before anything is sent', async () => {
      const call = newCall();
      const target = await objectOf(aws, `contract/${randomUUID()}`);
      const error = await failure(aws.storage.put(target, { text: 'x', sha256: '0'.repeat(64) }, call));
      expect(error).toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(createHash('sha256').update('x').digest('hex')),
      });
      expect(call.attempts).toEqual([]);
    });

    it('sends large files in parts, with progress, and reads them back whole', async () => {
      const content = Buffer.alloc(17 * megabyte, 'abcdefg');
      await writeFile(join(workspace, 'large.txt'), content);
      const call = newCall();
      const key = `contract/${randomUUID()}.txt`;
      const result = await aws.storage.put(await objectOf(aws, key), { file: 'large.txt' }, call);
      expect(result).toMatchObject({ sizeBytes: content.length, etag: expect.stringMatching(/-3$/), replaced: false });
      expect(call.attempts).toEqual(['applied']);
      expect(call.messages).toHaveLength(3);
      expect(call.messages.at(-1)).toContain('100 %');
      const target = await objectOf(aws, key);
      expect(target.sizeBytes).toBe(content.length);
      const at = 8 * megabyte - 10;
      const { text: middle } = await aws.storage.get(target, { from: at, maxBytes: 64, as: 'text' }, newCall());
      expect(middle).toBe(content.subarray(at, at + 64).toString());
    });

    it('stores nothing when a large upload meets a condition that does not hold', async () => {
      await writeFile(join(workspace, 'large.bin'), Buffer.alloc(17 * megabyte));
      const key = `contract/${randomUUID()}`;
      const absent = await objectOf(aws, key);
      await stored({ text: 'theirs' }, key);
      const call = newCall();
      expect((await failure(aws.storage.put(absent, { file: 'large.bin' }, call))).code).toBe('provider_conflict');
      expect(call.ledger.effect()).toBe('none');
      expect(await read(key)).toBe('theirs');
    });

    it('deletes behind a marker, and undoes it', async () => {
      const { key, target } = await stored({ text: 'precious' });
      const call = newCall();
      const deleted = await aws.storage.delete(target, {}, call);
      expect(deleted).toMatchObject({ canBeUndone: true, versionId: expect.any(String) });
      expect(deleted.undo).toContain(deleted.versionId);
      expect(call.attempts).toEqual(['applied']);
      expect(await objectOf(aws, key)).toMatchObject({ exists: false });
      await aws.storage.delete(await objectOf(aws, key), { versionId: deleted.versionId }, newCall());
      expect(await read(key)).toBe('precious');
    });

    it('says that what has no versions, or is one, is gone for good', async () => {
      const { key, target } = await stored({ text: 'x' }, `contract/${randomUUID()}`, 'ziggie-audit-logs');
      expect(await aws.storage.delete(target, {}, newCall())).toEqual({ canBeUndone: false });
      expect(await objectOf(aws, key, { bucket: 'ziggie-audit-logs' })).toMatchObject({ exists: false });
      const version = await stored({ text: 'x' });
      const { versionId } = version.result;
      expect(await aws.storage.delete(version.target, { versionId }, newCall())).toEqual({ canBeUndone: false, versionId });
    });

    it('deletes the object that was decided on, or none', async () => {
      const { key, target } = await stored({ text: 'first' });
      await stored({ text: 'second' }, key);
      const call = newCall();
      expect((await failure(aws.storage.delete(target, {}, call))).code).toBe('provider_conflict');
      expect(call.ledger.effect()).toBe('none');
      expect(await read(key)).toBe('second');
    });

    it('plans without changing anything', async () => {
      const { key, target } = await stored({ text: 'first' });
      const call = newCall({ dryRun: true });
      const planned = await aws.storage.put(target, { text: 'second!' }, call);
      expect(planned).toMatchObject({
        replaced: true,
        canBeUndone: true,
        plan: { current: { sizeBytes: '5' }, change: { sizeBytes: '7' } },
      });
      expect(await aws.storage.delete(target, {}, call)).toMatchObject({ canBeUndone: true, plan: { change: { exists: 'false' } } });
      const shared = await aws.storage.share(target, { minutes: 5 }, call);
      expect(shared.plan?.change.access).toContain('5 minutes');
      expect(shared).not.toHaveProperty('url');
      expect(call.attempts).toEqual([]);
      expect(await read(key)).toBe('first');
    });

    it('shares for as long as the configuration allows', async () => {
      const { target, result } = await stored({ text: 'for all' });
      const { url, expiresAt, mayEndSooner } = await aws.storage.share(target, { minutes: 60 }, newCall());
      expect(new URL(url ?? '').searchParams.get('X-Amz-Expires')).toBe('3600');
      expect(Date.parse(expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(3_600_000);
      expect(mayEndSooner).toBeUndefined();
      const error = await failure(aws.storage.share(target, { minutes: 61 }, newCall()));
      expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('60') });
      expect(error.details.remedy).toContain('storage.maxShareMinutes');
      const version = await aws.storage.share(target, { minutes: 1, versionId: result.versionId }, newCall());
      expect(new URL(version.url ?? '').searchParams.get('versionId')).toBe(result.versionId);
      expect(await failure(aws.storage.share(target, { minutes: 1, versionId: 'no-such-version' }, newCall()))).toMatchObject({
        code: expect.stringMatching(/^provider_(not_found|rejected)$/),
      });
    });

    it('pages through keys in order, and through folders', async () => {
      const prefix = `contract/${randomUUID()}/`;
      const names = ['a.txt', 'b/1.txt', 'b/2.txt', 'c/1.txt', 'd.txt'];
      for (const name of names) await stored({ text: name }, `${prefix}${name}`);
      const target = await bucketOf(aws, 'ziggie-deployments');
      const all = async (folders: boolean) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await aws.storage.objects(target, { prefix, limit: 2, cursor, folders }, newCall());
          const rows = [...page.objects.map(({ key }) => key), ...(page.folders ?? [])];
          expect(rows.length).toBeLessThanOrEqual(2);
          seen.push(...rows.sort());
          cursor = page.nextCursor;
        } while (cursor);
        return seen.map((key) => key.slice(prefix.length));
      };
      expect(await all(false)).toEqual(names);
      expect(await all(true)).toEqual(['a.txt', 'b/', 'c/', 'd.txt']);
      const { objects } = await aws.storage.objects(target, { prefix, limit: 1 }, newCall());
      expect(objects[0]).toEqual({ key: `${prefix}a.txt`, sizeBytes: 5, modifiedAt: expect.stringMatching(/Z$/) });
    });

    it('takes a cursor for its own list only', async () => {
      const target = await bucketOf(aws, 'ziggie-deployments');
      for (const text of ['a', 'b']) await stored({ text }, `contract/cursor/${text}`);
      const { nextCursor } = await aws.storage.objects(target, { prefix: 'contract/cursor/', limit: 1 }, newCall());
      expect(nextCursor).toBeDefined();
      for (const query of [{ prefix: 'contract/' }, {}, { prefix: 'contract/cursor/', folders: true }]) {
        const error = await failure(aws.storage.objects(target, { ...query, limit: 1, cursor: nextCursor }, newCall()));
        expect(error.code).toBe('invalid_input');
      }
    });
  });
}
