import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SecretTarget, TargetRef } from '../../src/ports/domain.ts';
import type { NewSecret, SecretRow } from '../../src/ports/secrets.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { accountsOf, failure, newCall, resolved, type TestCall } from './harness.ts';

/** Where a counterpart is not like AWS; everything else in this file holds for both. */
export interface SecretsDifferences {
  /** Whether a secret that is scheduled for deletion refuses `GetSecretValue` and a second deletion with `InvalidRequestException`. */
  readonly guardsDeleted: boolean;
  /** Whether a name that is scheduled for deletion is refused with `InvalidRequestException`, rather than as taken. */
  readonly tellsDeletedFromTaken: boolean;
}

export const secretsDifferences = {
  sandbox: { guardsDeleted: true, tellsDeletedFromTaken: true },
  moto: { guardsDeleted: true, tellsDeletedFromTaken: false },
} as const satisfies Record<string, SecretsDifferences>;

let made = 0;
/** A name that no other test has. */
export function newName(): string {
  made += 1;
  return `ziggie/test-${made}-${randomBytes(3).toString('hex')}`;
}

export function newLiteral(): string {
  return `${randomBytes(18).toString('base64url')}"\\é`;
}

export async function secretOf(aws: AwsProvider, ref: Omit<TargetRef<'Secret'>, 'type'>, call = newCall()) {
  const { targets } = await aws.resolvers.Secret({ type: 'Secret', ...ref }, call);
  const [first, ...others] = targets;
  if (!first || others.length > 0) throw new Error(`expected one secret, found ${targets.length}`);
  return resolved<SecretTarget>(first);
}

/** What the secrets port promises, against whatever answers below it. */
export function describeSecrets(where: string, connect: () => Promise<AwsProvider>, like: SecretsDifferences): void {
  describe(`secrets over ${where}`, () => {
    let aws: AwsProvider;
    beforeAll(async () => {
      aws = await connect();
    });

    const created = async (write: Partial<NewSecret> = {}, call: TestCall = newCall()) => {
      const name = newName();
      const value = { from: 'given', value: newLiteral() } as const;
      const change = await aws.secrets.create(await secretOf(aws, { name, mayBeAbsent: true }), { value, tags: {}, ...write }, call);
      return { name, value: value.value, change, call };
    };
    const read = async (name: string, field?: string) => aws.secrets.read(await secretOf(aws, { name }), field, newCall());

    it('makes a secret of a given value, hidden before it is sent, and reads it back', async () => {
      const { name, value, change, call } = await created({ description: 'for a test', tags: { Project: 'Ziggie' } });
      expect(change.versionId).toMatch(/^[0-9a-f]{64}$/);
      expect(call.attempts).toEqual(['applied']);
      expect(call.hidden).toContain(value);
      expect(await read(name)).toBe(value);
      const secret = await secretOf(aws, { name });
      expect(secret).toMatchObject({
        id: name,
        state: 'active',
        accountId: '123456789012',
        region: 'eu-north-1',
        tags: { Project: 'Ziggie' },
      });
      const detail = await aws.secrets.describe(secret, newCall());
      expect(detail).toMatchObject({ name, state: 'active', description: 'for a test', rotates: false, tags: { Project: 'Ziggie' } });
      expect(detail.createdAt).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect(detail.versions).toEqual({ [change.versionId ?? '']: ['AWSCURRENT'] });
    });

    it.each([
      [16, false, /^[A-Za-z0-9]{16}$/],
      [48, true, /^[\x21-\x7e]{48}$/],
    ])('has AWS generate %i characters, punctuation %s', async (length, punctuation, form) => {
      const { name, call } = await created({ value: { from: 'generated', length, punctuation } });
      const value = await read(name);
      expect(value).toMatch(form);
      expect(/[^A-Za-z0-9]/.test(value)).toBe(punctuation);
      expect(call.hidden).toContain(value);
    });

    it('puts a new value into a field, and hides the field as well as the whole', async () => {
      const { name, value, call } = await created({ field: 'password' });
      expect(JSON.parse(await read(name))).toEqual({ password: value });
      expect(await read(name, 'password')).toBe(value);
      expect(call.hidden).toEqual(expect.arrayContaining([value, JSON.stringify({ password: value })]));
    });

    it('hides a new value whatever its field is called, and the whole that it becomes part of', async () => {
      const { name, value, call } = await created({ field: 'username' });
      expect(call.hidden).toContain(value);
      const later = newCall();
      const other = newLiteral();
      await aws.secrets.update(await secretOf(aws, { name }), { value: { from: 'given', value: other }, field: 'host' }, later);
      expect(later.hidden).toEqual(expect.arrayContaining([other, JSON.stringify({ username: value, host: other })]));
    });

    it('gives the first secret again for the same token and value, and a conflict for a name that is taken', async () => {
      const name = newName();
      const absent = await secretOf(aws, { name, mayBeAbsent: true });
      expect(absent).toMatchObject({ state: 'absent', accountId: '123456789012', region: 'eu-north-1', tags: {} });
      const call = newCall();
      const write = { value: { from: 'given', value: newLiteral() }, tags: {} } as const;
      const first = await aws.secrets.create(absent, write, call);
      expect(await aws.secrets.create(absent, write, newCall({ clientToken: call.clientToken }))).toEqual(first);
      const late = newCall();
      const error = await failure(aws.secrets.create(absent, write, late));
      expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'ResourceExistsException' } } });
      expect(error.details.remedy).toMatch(/secrets_update.*secrets_restore/);
      expect(late.ledger.effect()).toBe('none');
    });

    it('replaces a whole value and keeps the one before', async () => {
      const { name, change: first } = await created();
      const value = newLiteral();
      const call = newCall();
      const second = await aws.secrets.update(await secretOf(aws, { name }), { value: { from: 'given', value } }, call);
      expect(call.hidden).toContain(value);
      expect(await read(name)).toBe(value);
      expect((await aws.secrets.describe(await secretOf(aws, { name }), newCall())).versions).toEqual({
        [first.versionId ?? '']: ['AWSPREVIOUS'],
        [second.versionId ?? '']: ['AWSCURRENT'],
      });
    });

    it('sets one field, leaves the others to the digit, and hides what it read', async () => {
      const old = newLiteral();
      const text = `{"username":"ziggie-user","password":${JSON.stringify(old)},"serial":12345678901234567890.10,"nested":{"deep":"a-nested-value"}}`;
      const { name } = await created({ value: { from: 'given', value: text } });
      const value = newLiteral();
      const call = newCall();
      await aws.secrets.update(await secretOf(aws, { name }), { value: { from: 'given', value }, field: 'password' }, call);
      expect(await read(name)).toBe(text.replace(JSON.stringify(old), JSON.stringify(value)));
      expect(call.hidden).toEqual(expect.arrayContaining([old, value, text, 'a-nested-value', '12345678901234567890.10']));
      // Names of users and hosts are not hidden on their own: they would be masked everywhere.
      expect(call.hidden).not.toContain('ziggie-user');
      expect(await read(name, 'serial')).toBe('12345678901234567890.10');
      await aws.secrets.update(await secretOf(aws, { name }), { value: { from: 'given', value }, field: '__proto__' }, newCall());
      expect(await read(name, '__proto__')).toBe(value);
    });

    it('does not set a field where there are none', async () => {
      const { name, value } = await created();
      const call = newCall();
      const error = await failure(
        aws.secrets.update(await secretOf(aws, { name }), { value: { from: 'given', value: newLiteral() }, field: 'password' }, call),
      );
      expect(error).toMatchObject({ code: 'provider_conflict', details: { remedy: expect.stringContaining('Leave field out') } });
      expect(error.message).not.toContain(value);
      expect(call.attempts).toEqual([]);
    });

    it('names the field that is missing, and nothing of the value', async () => {
      const { name, value } = await created({ field: 'username' });
      const missing = await failure(read(name, 'password'));
      expect(missing).toMatchObject({ code: 'target_unresolved', message: expect.stringContaining('"password"') });
      const plain = await created();
      const noFields = await failure(read(plain.name, 'password'));
      expect(noFields).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining(`secret://${plain.name}`) } });
      for (const error of [missing, noFields]) expect(JSON.stringify([error.message, error.details])).not.toContain(value);
      expect((await failure(read(name, 'toString'))).code).toBe('target_unresolved');
    });

    it('deletes with a window and restores', async () => {
      const { name } = await created();
      const call = newCall();
      const { deletesAt } = await aws.secrets.delete(await secretOf(aws, { name }), { recoveryDays: 7 }, call);
      const days = (Date.parse(deletesAt ?? '') - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(6.9);
      expect(days).toBeLessThan(7.1);
      const deleted = await secretOf(aws, { name });
      expect(deleted.state).toBe('deleted');
      expect((await aws.secrets.describe(deleted, newCall())).state).toBe('deleted');
      for (const act of [
        () => aws.secrets.update(deleted, { value: { from: 'given', value: newLiteral() } }, newCall()),
        () => aws.secrets.delete(deleted, { recoveryDays: 7 }, newCall()),
      ]) {
        const error = await failure(act());
        expect(error).toMatchObject({
          code: 'provider_conflict',
          details: { effect: 'none', remedy: expect.stringContaining('secrets_restore') },
        });
      }
      // The facts may be older than the request: then AWS says it.
      const stale = resolved({ ...deleted, state: 'active' as const });
      for (const act of [
        () => aws.secrets.delete(stale, { recoveryDays: 7 }, newCall()),
        () => aws.secrets.read(stale, undefined, newCall()),
      ]) {
        if (!like.guardsDeleted) break;
        expect(await failure(act())).toMatchObject({
          code: 'provider_conflict',
          details: { provider: { code: 'InvalidRequestException' }, remedy: expect.stringContaining('secrets_restore') },
        });
      }
      const again = await failure(
        aws.secrets.create(
          resolved({ ...deleted, state: 'absent' as const }),
          { value: { from: 'given', value: newLiteral() }, tags: {} },
          newCall(),
        ),
      );
      expect(again).toMatchObject({ code: 'provider_conflict', details: { remedy: expect.stringContaining('secrets_restore') } });
      expect(again.details.provider?.code === 'InvalidRequestException').toBe(like.tellsDeletedFromTaken);
      expect(await aws.secrets.restore(deleted, newCall())).toEqual({});
      expect((await secretOf(aws, { name })).state).toBe('active');
    });

    it('plans without making or reading a value, and changes nothing', async () => {
      const { name } = await created();
      const secret = await secretOf(aws, { name });
      const before = await aws.secrets.describe(secret, newCall());
      const absent = await secretOf(aws, { name: newName(), mayBeAbsent: true });
      const call = newCall({ dryRun: true, iam: [] });
      const value = { from: 'generated', length: 32, punctuation: true } as const;
      expect(await aws.secrets.create(absent, { value, tags: { Project: 'Ziggie' }, field: 'password' }, call)).toEqual({
        plan: {
          current: { state: 'absent' },
          change: { state: 'active', value: 'generated, 32 characters', field: 'password', 'tag Project': 'Ziggie' },
          providerChecked: false,
        },
      });
      const reference = { from: 'given', value: 'secret://ziggie/other' } as const;
      expect((await aws.secrets.update(secret, { value: reference, field: 'a' }, call)).plan?.change).toEqual({
        value: 'as given',
        field: 'a',
      });
      expect((await aws.secrets.delete(secret, { recoveryDays: 9 }, call)).plan?.change).toMatchObject({ state: 'deleted' });
      expect((await aws.secrets.restore(secret, call)).plan?.change).toEqual({});
      expect(await failure(aws.secrets.create(secret, { value, tags: {} }, call))).toMatchObject({ code: 'provider_conflict' });
      expect(call.attempts).toEqual([]);
      expect(call.hidden).toEqual([]);
      expect(await aws.secrets.describe(secret, newCall())).toEqual(before);
      expect((await failure(secretOf(aws, { name: absent.name }))).code).toBe('target_unresolved');
    });

    const all = async (prefix: string | undefined, limit: number) => {
      const accounts = (await accountsOf(aws, { type: 'Account' }, newCall())).map((each) => resolved(each));
      const rows: SecretRow[] = [];
      let cursor: string | undefined;
      do {
        const page = await aws.secrets.list(accounts, { limit, ...(prefix ? { prefix } : {}), ...(cursor ? { cursor } : {}) }, newCall());
        expect(page.secrets.length).toBeLessThanOrEqual(limit);
        rows.push(...page.secrets);
        cursor = page.nextCursor;
      } while (cursor);
      return rows;
    };

    it.each([1, 3, 100])('lists everything once, %i at a time, by prefix too, the deleted ones with it', async (limit) => {
      const { name } = await created();
      const gone = await created();
      await aws.secrets.delete(await secretOf(aws, { name: gone.name }), { recoveryDays: 30 }, newCall());
      const rows = await all(undefined, limit);
      const names = rows.map((row) => row.name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining([name, gone.name]));
      expect(rows.find((row) => row.name === gone.name)?.deletedAt).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(rows.find((row) => row.name === name)).not.toHaveProperty('deletedAt');
      expect((await all(name.slice(0, -1), limit)).map((row) => row.name)).toEqual([name]);
      expect(await all('ziggie/nothing-', limit)).toEqual([]);
    });

    it('does not resolve what does not exist', async () => {
      const error = await failure(secretOf(aws, { name: 'ziggie/nothing' }));
      expect(error).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'ResourceNotFoundException' } } });
      expect(error.details.remedy).toContain('secrets_list');
    });
  });
}
