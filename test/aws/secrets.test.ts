import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SecretTarget } from '../../src/ports/domain.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { faulty } from './faulty.ts';
import { type JsonStub, type StubAnswer, serviceError, startJsonStub } from './functions-support.ts';
import { accountsOf, failure, mainAccount, newAws, newCall, resolved, sandboxAws, sandboxParts } from './harness.ts';
import { describeSecrets, newName, secretOf, secretsDifferences } from './secrets-contract.ts';

describeSecrets('the sandbox', async () => sandboxAws(), secretsDifferences.sandbox);

describe('where a secret is looked for', () => {
  const twoRegions = () => {
    const accounts = [mainAccount({ regions: ['eu-north-1', 'eu-west-1'] })];
    return sandboxAws({}, { accounts });
  };

  it('is every configured region, for one that is there', async () => {
    expect((await secretOf(twoRegions(), { name: 'ziggie/db' })).region).toBe('eu-north-1');
  });

  it('must be said for one that is to be made', async () => {
    const aws = twoRegions();
    const error = await failure(secretOf(aws, { name: 'ziggie/new', mayBeAbsent: true }));
    expect(error).toMatchObject({ code: 'target_unresolved', message: expect.stringContaining('main/eu-north-1, main/eu-west-1') });
    expect(await secretOf(aws, { name: 'ziggie/new', region: 'eu-west-1', mayBeAbsent: true })).toMatchObject({
      state: 'absent',
      region: 'eu-west-1',
    });
  });

  it('is not said to be empty when it could not be asked', async () => {
    const sandbox = createSandbox({ region: 'eu-north-1' });
    const aws = newAws({
      accounts: [mainAccount({ credentials: sandbox.credentials, regions: ['eu-north-1', 'eu-west-1'] })],
      ...sandboxParts(sandbox),
      middleware: faulty(sandbox.middleware, { 'eu-west-1': 'AccessDeniedException' }),
    });
    expect((await failure(secretOf(aws, { name: 'ziggie/new', mayBeAbsent: true }))).code).toBe('provider_denied');
    const accounts = (await accountsOf(aws, { type: 'Account' }, newCall())).map((each) => resolved(each));
    const page = await aws.secrets.list(accounts, { limit: 25 }, newCall());
    expect(page.secrets.length).toBe(5);
    expect(page.missing).toMatchObject([{ region: 'eu-west-1', code: 'provider_denied' }]);
  });
});

describe('a field that is set', () => {
  it('changes nothing else, whatever the value and the other fields are', async () => {
    const aws = sandboxAws();
    const member = fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.jsonValue());
    const members = fc.dictionary(fc.string({ minLength: 1 }), member, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(members, fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 8 }), async (before, field, value) => {
        const text = JSON.stringify(before);
        const name = newName();
        const write = { value: { from: 'given', value: text }, tags: {} } as const;
        await aws.secrets.create(await secretOf(aws, { name, mayBeAbsent: true }), write, newCall());
        const secret = await secretOf(aws, { name });
        await aws.secrets.update(secret, { value: { from: 'given', value }, field }, newCall());
        expect(await aws.secrets.read(secret, field, newCall())).toBe(value);
        const after = JSON.parse(await aws.secrets.read(secret, undefined, newCall())) as object;
        const others = (holder: object) => Object.entries(holder).filter(([key]) => key !== field);
        expect(JSON.stringify(others(after))).toBe(JSON.stringify(others(JSON.parse(text) as object)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the secrets of the sandbox', () => {
  it('are the same in name and other in value with every sandbox', async () => {
    const values = await Promise.all(
      [sandboxAws(), sandboxAws()].map(async (aws) => aws.secrets.read(await secretOf(aws, { name: 'ziggie/db' }), 'password', newCall())),
    );
    expect(new Set(values).size).toBe(2);
    const aws = sandboxAws();
    expect((await secretOf(aws, { name: 'ziggie/old' })).state).toBe('deleted');
    expect(await aws.secrets.describe(await secretOf(aws, { name: 'ziggie/rotating' }), newCall())).toMatchObject({ rotates: true });
  });
});

/** A second writer, binary values and faults: moto has no moment in which to put them. See `functions-support.ts`. */
describe('what Secrets Manager says, over a stub', () => {
  let stub: JsonStub;
  let aws: AwsProvider;
  beforeAll(async () => {
    stub = await startJsonStub();
    aws = newAws({ endpoint: stub.endpoint });
  });
  afterAll(() => stub.close());
  beforeEach(() => {
    stub.requests.length = 0;
  });
  const secret = resolved<SecretTarget>({
    type: 'Secret',
    id: 'ziggie/db',
    name: 'ziggie/db',
    provider: 'aws',
    account: 'main',
    accountId: '123456789012',
    region: 'eu-north-1',
    state: 'active',
    tags: {},
  });
  const accountTarget = resolved({
    ...{ type: 'Account', id: 'main', provider: 'aws', account: 'main', accountId: '', regions: ['eu-north-1'], tags: {} },
  } as const);
  const actions = (): string[] => stub.requests.map(({ headers }) => String(headers['x-amz-target']).replace('secretsmanager.', ''));
  /** Answers by action. */
  const answers = (byAction: Record<string, StubAnswer>) => {
    stub.answerWith(
      (request) => byAction[String(request.headers['x-amz-target']).replace('secretsmanager.', '')] ?? serviceError(400, 'Unasked'),
    );
  };
  const json = (value: unknown): StubAnswer => ({ body: JSON.stringify(value) });
  const put = { value: { from: 'given', value: 'a-new-password' }, field: 'password' } as const;

  it.each([
    ['wrote in between', { theirs: ['AWSPREVIOUS'], ours: ['AWSCURRENT'] }],
    ['moved the stages', { read: ['AWSPREVIOUS'], theirs: ['AWSCURRENT'] }],
    ['wrote right after', { theirs: ['AWSCURRENT'], ours: ['AWSPREVIOUS'] }],
  ])('notices that somebody else %s, and says that both are kept', async (_name, stages) => {
    answers({
      GetSecretValue: json({ Name: 'ziggie/db', VersionId: 'read', SecretString: '{"password":"an-old-password"}' }),
      PutSecretValue: json({ Name: 'ziggie/db', VersionId: 'ours' }),
      DescribeSecret: json({ Name: 'ziggie/db', VersionIdsToStages: stages }),
    });
    const call = newCall();
    const error = await failure(aws.secrets.update(secret, put, call));
    expect(error).toMatchObject({
      code: 'provider_conflict',
      details: { effect: 'applied', remedy: expect.stringContaining('Both versions') },
    });
    expect(call.ledger.effect()).toBe('applied');
    expect(actions()).toEqual(['GetSecretValue', 'PutSecretValue', 'DescribeSecret']);
  });

  it('is content when a repeated call finds its own version', async () => {
    answers({
      GetSecretValue: json({ Name: 'ziggie/db', VersionId: 'ours', SecretString: '{"password":"a-new-password"}' }),
      PutSecretValue: json({ Name: 'ziggie/db', VersionId: 'ours' }),
    });
    expect(await aws.secrets.update(secret, put, newCall())).toEqual({ versionId: 'ours' });
  });

  it('does not take a description that is late for a second writer', async () => {
    answers({
      GetSecretValue: json({ Name: 'ziggie/db', VersionId: 'read', SecretString: '{"password":"an-old-password"}' }),
      PutSecretValue: json({ Name: 'ziggie/db', VersionId: 'ours' }),
      DescribeSecret: json({ Name: 'ziggie/db', VersionIdsToStages: { read: ['AWSCURRENT'] } }),
    });
    expect(await aws.secrets.update(secret, put, newCall())).toEqual({ versionId: 'ours' });
  });

  it('tells a key that was used for another value from a name that is taken', async () => {
    answers({ PutSecretValue: { status: 400, body: JSON.stringify({ __type: 'ResourceExistsException' }) } });
    const error = await failure(aws.secrets.update(secret, { value: { from: 'given', value: 'a-new-password' } }, newCall()));
    expect(error).toMatchObject({
      code: 'provider_conflict',
      details: { provider: { code: 'ResourceExistsException' }, remedy: expect.stringContaining('new key') },
    });
  });

  it('sends the same token again when an answer was lost, and one that AWS takes', async () => {
    stub.answerWith('reset', json({ Name: 'ziggie/db', VersionId: 'ours' }));
    const call = newCall({ clientToken: 'short' });
    await aws.secrets.update(secret, { value: { from: 'given', value: 'a-new-password' } }, call);
    expect(call.attempts).toEqual(['unknown', 'applied']);
    const tokens = stub.requests.map(({ body }) => (JSON.parse(body) as { ClientRequestToken: string }).ClientRequestToken);
    expect(tokens[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(tokens[1]).toBe(tokens[0]);
  });

  it('does not read bytes as text', async () => {
    answers({ GetSecretValue: json({ Name: 'ziggie/db', VersionId: 'v', SecretBinary: Buffer.from('some bytes').toString('base64') }) });
    const error = await failure(aws.secrets.read(secret, undefined, newCall()));
    expect(error).toMatchObject({ code: 'target_unresolved', message: expect.stringContaining('bytes') });
  });

  it('never deletes at once', async () => {
    answers({ DeleteSecret: json({ Name: 'ziggie/db', DeletionDate: 1_800_000_000 }) });
    await aws.secrets.delete(secret, { recoveryDays: 7 }, newCall());
    expect(JSON.parse(stub.requests[0]?.body ?? '')).toEqual({ SecretId: 'ziggie/db', RecoveryWindowInDays: 7 });
  });

  it('does not take another name, or another account, for the one that is meant', async () => {
    const found = (name: string, owner: string) =>
      json({ Name: name, ARN: `arn:aws:secretsmanager:eu-north-1:${owner}:secret:${name}-a1b2c3`, VersionIdsToStages: {} });
    answers({ DescribeSecret: found('ziggie/db-other', '123456789012') });
    expect((await failure(secretOf(aws, { name: 'ziggie/db' }))).code).toBe('target_unresolved');
    answers({ DescribeSecret: found('ziggie/db', '999999999999') });
    const strict = newAws({ endpoint: stub.endpoint, accounts: [mainAccount({ accountId: '123456789012' })] });
    expect((await failure(secretOf(strict, { name: 'ziggie/db' }))).code).toBe('provider_not_configured');
  });

  it('is looked at for a rare name no more than 20 times a page, and goes on from there', async () => {
    const page = (request: { body: string }) => Number((JSON.parse(request.body) as { NextToken?: string }).NextToken ?? 0);
    const names = (index: number) => (index === 30 ? 'ziggie/rare' : 'other');
    answers({ ListSecrets: (request) => json({ SecretList: [{ Name: names(page(request)) }], NextToken: String(page(request) + 1) }) });
    const first = await aws.secrets.list([accountTarget], { limit: 25, prefix: 'ziggie/' }, newCall());
    expect(first).toEqual({ secrets: [], nextCursor: expect.any(String) });
    expect(stub.requests).toHaveLength(21);
    const next = await aws.secrets.list([accountTarget], { limit: 25, prefix: 'ziggie/', cursor: first.nextCursor ?? '' }, newCall());
    expect(next.secrets.map(({ name }) => name)).toEqual(['ziggie/rare']);
    expect(stub.requests).toHaveLength(41);
  });

  it('says of a replica where its primary is, and of a primary where its replicas are', async () => {
    const described = (more: object) =>
      json({ Name: 'ziggie/db', ARN: 'arn:aws:secretsmanager:eu-north-1:123456789012:secret:x', ...more });
    answers({ DescribeSecret: described({ PrimaryRegion: 'eu-west-1', ReplicationStatus: [{ Region: 'eu-north-1' }] }) });
    const replica = await aws.secrets.describe(secret, newCall());
    expect(replica).toMatchObject({ primaryRegion: 'eu-west-1' });
    expect(replica).not.toHaveProperty('replicas');
    answers({ DescribeSecret: described({ PrimaryRegion: 'eu-north-1', ReplicationStatus: [{ Region: 'eu-west-1' }] }) });
    const primary = await aws.secrets.describe(secret, newCall());
    expect(primary).toMatchObject({ replicas: ['eu-west-1'] });
    expect(primary).not.toHaveProperty('primaryRegion');
  });

  it('says in which region it looked, and how to place a secret for a reference', async () => {
    answers({ DescribeSecret: { status: 400, body: JSON.stringify({ __type: 'ResourceNotFoundException' }) } });
    const error = await failure(secretOf(aws, { name: 'ziggie/db', account: 'main', region: 'eu-north-1' }));
    expect(error.message).toBe('There is no secret ziggie/db in main/eu-north-1, and nowhere else was looked for it.');
    expect(error.details.remedy).toMatch(/reference is looked for in the account and region .* secrets_create/);
    expect((await failure(secretOf(aws, { name: 'ziggie/db' }))).details.remedy).not.toContain('reference');
  });

  it('tells the configuration that a secret is bytes', async () => {
    answers({ GetSecretValue: json({ Name: 'ziggie/db', SecretBinary: Buffer.from('some bytes').toString('base64') }) });
    expect(await failure(aws.readConfiguration('ziggie/db'))).toMatchObject({
      code: 'target_unresolved',
      message: 'The secret ziggie/db holds bytes, not text.',
    });
  });

  it('shows nothing but what begins as asked, whatever the filter lets through', async () => {
    answers({ ListSecrets: json({ SecretList: [{ Name: 'ziggie/db' }, { Name: 'other/ziggie/db' }] }) });
    const { secrets: rows } = await aws.secrets.list([accountTarget], { limit: 25, prefix: 'ziggie/' }, newCall());
    expect(rows.map(({ name }) => name)).toEqual(['ziggie/db']);
  });

  it.each([
    ['DecryptionFailure', 'provider_denied', 'kms:Decrypt'],
    ['EncryptionFailure', 'provider_denied', 'KMS'],
    ['LimitExceededException', 'provider_rejected', 'quota'],
    ['InvalidRequestException', 'provider_conflict', 'secrets_restore'],
    ['InvalidRequestException', 'provider_conflict', 'replica, call again with its primaryRegion'],
    ['ResourceNotFoundException', 'provider_not_found', 'secrets_list'],
    ['InvalidNextTokenException', 'invalid_input', 'cursor'],
  ])('%s becomes %s', async (code, ours, remedy) => {
    answers({ GetSecretValue: { status: 400, body: JSON.stringify({ __type: code, message: 'as the service says' }) } });
    const error = await failure(aws.secrets.read(secret, undefined, newCall()));
    expect(error).toMatchObject({ code: ours, details: { provider: { code }, remedy: expect.stringContaining(remedy) } });
  });
});
