import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure, mainAccount, newAws, newCall, sandboxAws } from './harness.ts';
import { about, findingOf, mainTarget, reviewAccount } from './security-seed.ts';
import { credentialReport, daysAgo, identity, report, type SecurityStub, startSecurityStub } from './security-stub.ts';

let stub: SecurityStub;
beforeAll(async () => {
  stub = await startSecurityStub();
});
afterAll(() => stub.close());
beforeEach(() => stub.reset());

const review = (limit = 100) => reviewAccount({ endpoint: stub.endpoint }, { limit });

describe('the credential report', () => {
  beforeEach(() => stub.on('GenerateCredentialReport', '<State>COMPLETE</State>'));

  it('tells of passwords without MFA, old and unused keys', async () => {
    stub.on(
      'GetCredentialReport',
      credentialReport(
        { user: '<root_account>', passwordUsed: daysAgo(400), mfa: true },
        { user: 'bare', password: true },
        { user: 'safe', password: true, mfa: true, key: { rotated: daysAgo(80), used: daysAgo(1) } },
        { user: 'old', key: { rotated: daysAgo(91), used: daysAgo(1) } },
        { user: 'idle', key: { rotated: daysAgo(8) } },
        { user: 'fresh', key: { rotated: daysAgo(6) } },
        { user: 'off', key: { rotated: daysAgo(400), active: false } },
      ),
    );
    const found = await review();
    expect(about(found, 'user/bare')).toEqual(['high user-without-mfa']);
    expect(about(found, 'user/old')).toEqual(['medium old-access-key']);
    expect(findingOf(found, 'old-access-key').evidence).toMatch(/^access key 1 is 91 days old, last used on \d{4}-\d\d-\d\d$/);
    expect(about(found, 'user/idle')).toEqual(['low unused-access-key']);
    for (const clean of ['safe', 'fresh', 'off']) expect(about(found, `user/${clean}`)).toEqual([]);
    expect(about(found, 'root')).toEqual([]);
    expect(found.checked).toEqual(['users']);
  });

  it.each([
    ['with its password', { user: '<root_account>', passwordUsed: daysAgo(29) }],
    ['with a key', { user: '<root_account>', passwordUsed: 'no_information', key: { rotated: daysAgo(10), used: daysAgo(3) } }],
  ])('tells of root, used lately %s', async (_, row) => {
    stub.on('GetCredentialReport', credentialReport(row));
    expect(about(await review(), 'root')).toEqual(['medium root-used-lately']);
  });

  it('is awaited', async () => {
    stub.on('GenerateCredentialReport', '<State>STARTED</State>', '<State>INPROGRESS</State>', '<State>COMPLETE</State>');
    stub.on('GetCredentialReport', credentialReport({ user: 'bare', password: true }));
    expect(about(await review(), 'user/bare')).toEqual(['high user-without-mfa']);
  });

  it('is not awaited for ever', async () => {
    stub.on('GenerateCredentialReport', '<State>STARTED</State>');
    stub.on('GetAccountSummary', summary(1, 0));
    const aws = newAws({ endpoint: stub.endpoint });
    const found = await aws.security.account([await mainTarget(aws)], { limit: 25 }, newCall({ waitMs: 30 }));
    expect(found.missing).toContainEqual(
      expect.objectContaining({ check: 'users', code: 'timeout', message: expect.stringContaining('still making the credential report') }),
    );
    expect(found.checked).toEqual(['root']);
  });

  it.each([
    ['fields that are too many', 'user,mfa_active,access_key_1_active\na,b,true,false'],
    ['other columns', 'name,age\nx,1'],
  ])('is not guessed at: %s', async (_, csv) => {
    stub.on('GetCredentialReport', report(csv));
    stub.on('GetAccountSummary', summary(1, 0));
    expect((await review()).missing).toContainEqual(expect.objectContaining({ check: 'users', code: 'provider_unavailable' }));
  });
});

const summary = (mfa: number, keys: number, password?: number) =>
  `<SummaryMap>${password === undefined ? '' : `<entry><key>AccountPasswordPresent</key><value>${password}</value></entry>`}<entry><key>AccountMFAEnabled</key><value>${mfa}</value></entry><entry><key>AccountAccessKeysPresent</key><value>${keys}</value></entry></SummaryMap>`;

describe('root', () => {
  it.each([
    ['without MFA', 0, 0, undefined, ['critical root-without-mfa']],
    ['without MFA, but with a password', 0, 0, 1, ['critical root-without-mfa']],
    ['without MFA, and without a password', 0, 0, 0, []],
    ['without a password, but with an access key', 0, 1, 0, ['critical root-access-key']],
    ['with an access key', 1, 1, undefined, ['critical root-access-key']],
    ['as it should be', 1, 0, undefined, []],
  ])('%s', async (_, mfa, keys, password, expected) => {
    stub.on('GetAccountSummary', summary(mfa, keys, password));
    const found = await review();
    expect(about(found, 'root')).toEqual(expected);
    expect(found.checked).toEqual(['root']);
  });

  it('must not be whom the server runs as', async () => {
    stub.on('GetCallerIdentity', identity('arn:aws:iam::123456789012:root'));
    expect(about(await review(), 'root')).toEqual(['critical agents-run-as-root']);
  });
});

describe('permissions that nobody uses', () => {
  const service = (name: string, used?: string) =>
    `<member><ServiceName>x</ServiceName><ServiceNamespace>${name}</ServiceNamespace>${used ? `<LastAuthenticated>${used}</LastAuthenticated>` : ''}</member>`;
  const page = (status: string, ...services: string[]) =>
    `<JobStatus>${status}</JobStatus><IsTruncated>false</IsTruncated><ServicesLastAccessed>${services.join('')}</ServicesLastAccessed>`;
  beforeEach(() => stub.on('GenerateServiceLastAccessedDetails', '<JobId>0123456789012345678901234567890123456</JobId>'));

  it('are named, once IAM has found them out', async () => {
    stub.on(
      'GetServiceLastAccessedDetails',
      page('IN_PROGRESS'),
      page('COMPLETED', service('ec2', daysAgo(2)), service('s3'), service('iam', daysAgo(120))),
    );
    const found = await review();
    expect(about(found, 'user/ziggie-agent')).toEqual(['low unused-permissions']);
    expect(findingOf(found, 'unused-permissions').evidence).toMatch(
      /^allowed and not used for 90 days: s3, iam \(since \d{4}-\d\d-\d\d\)$/,
    );
    expect(new URLSearchParams(stub.bodies.get('GenerateServiceLastAccessedDetails')).get('Arn')).toBe(
      'arn:aws:iam::123456789012:user/ziggie-agent',
    );
  });

  it('are none when all are used', async () => {
    stub.on('GetServiceLastAccessedDetails', page('COMPLETED', service('ec2', daysAgo(2))));
    const found = await review();
    expect(found.findings).toEqual([]);
    expect(found.checked).toEqual(['unused-permissions']);
  });

  it('are not known when IAM fails', async () => {
    stub.on('GetServiceLastAccessedDetails', page('FAILED'));
    stub.on('GetAccountSummary', summary(1, 0));
    expect((await review()).missing).toContainEqual(expect.objectContaining({ check: 'unused-permissions', code: 'provider_rejected' }));
  });

  it.each([
    ['the role of the account', 'arn:aws:iam::123456789012:role/team/ziggie', 'arn:aws:iam::123456789012:user/x', 'role/ziggie'],
    ['the role of the session', undefined, 'arn:aws:sts::123456789012:assumed-role/ziggie-ec2/i-1', 'role/ziggie-ec2'],
  ])('are those of %s', async (_, role, arn, resource) => {
    stub.on('GetCallerIdentity', identity(arn));
    stub.on('AssumeRole', assumed);
    stub.on('GetRole', '<Role><Arn>arn:aws:iam::123456789012:role/team/ziggie-ec2</Arn></Role>');
    stub.on('GetServiceLastAccessedDetails', page('COMPLETED', service('s3')));
    const found = await reviewAccount({
      endpoint: stub.endpoint,
      accounts: [mainAccount(role ? { role } : {})],
      sessionPolicy: () => '{}',
    });
    expect(about(found, resource)).toEqual(['low unused-permissions']);
    const sent = new URLSearchParams(stub.bodies.get('GenerateServiceLastAccessedDetails'));
    expect(sent.get('Arn')).toBe(role ?? 'arn:aws:iam::123456789012:role/team/ziggie-ec2');
  });
});

const assumed =
  '<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>a</Arn><AssumedRoleId>b</AssumedRoleId></AssumedRoleUser>';

describe('the policies of a user', () => {
  const encoded = (document: object) => encodeURIComponent(JSON.stringify(document));
  const allow = (Action: string) => ({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } });
  const settings = {
    sshRanges: [],
    generatedPolicies: async () => ({ 'ziggie-agent-policy.json': { Version: '1', Statement: [allow('ec2:Describe*').Statement] } }),
  };
  beforeEach(() => {
    stub.on('ListGroupsForUser', '<Groups><member><GroupName>admins</GroupName></member></Groups>');
    for (const each of ['ListAttachedUserPolicies', 'ListAttachedGroupPolicies']) stub.on(each, '<AttachedPolicies/>');
    stub.on('ListUserPolicies', '<PolicyNames><member>own</member></PolicyNames>');
    stub.on('ListGroupPolicies', '<PolicyNames><member>all</member></PolicyNames>');
    stub.on('GetUserPolicy', `<PolicyDocument>${encoded(allow('ec2:Describe*'))}</PolicyDocument>`);
    stub.on('GetGroupPolicy', `<PolicyDocument>${encoded(allow('*'))}</PolicyDocument>`);
  });

  it('are those of its groups too', async () => {
    const found = await reviewAccount({ endpoint: stub.endpoint, security: settings });
    expect(about(found, 'group/admins all')).toEqual(['high policy-allows-more']);
    expect(about(found, 'user/ziggie-agent own')).toEqual([]);
    expect(findingOf(found, 'policy-allows-more').fix).toBe(
      'aws iam delete-group-policy --group-name admins --policy-name all --region eu-north-1',
    );
  });

  it('do not lack anything as long as one of them cannot be read', async () => {
    stub.on('GetUserPolicy', { status: 403, code: 'AccessDenied' });
    stub.on('GetGroupPolicy', `<PolicyDocument>${encoded(allow('ec2:Nothing'))}</PolicyDocument>`);
    const found = await reviewAccount({ endpoint: stub.endpoint, security: settings });
    expect(found.findings.map(({ rule }) => rule)).toEqual(['policy-allows-more']);
    expect(found.missing).toContainEqual(expect.objectContaining({ check: 'agent-policy', code: 'provider_denied' }));
  });

  it('are not compared with nothing', async () => {
    stub.on('GetAccountSummary', summary(1, 0));
    expect((await review()).missing).toContainEqual(expect.objectContaining({ check: 'agent-policy', code: 'provider_not_configured' }));
  });
});

describe('buckets', () => {
  const block = (on: boolean) =>
    `<PublicAccessBlockConfiguration><BlockPublicAcls>${on}</BlockPublicAcls><IgnorePublicAcls>${on}</IgnorePublicAcls><BlockPublicPolicy>${on}</BlockPublicPolicy><RestrictPublicBuckets>${on}</RestrictPublicBuckets></PublicAccessBlockConfiguration>`;
  const none = { status: 404, code: 'NoSuchPublicAccessBlockConfiguration' };
  const isPublic = (yes: boolean) => `<PolicyStatus><IsPublic>${yes}</IsPublic></PolicyStatus>`;
  const acl = '<AccessControlPolicy><AccessControlList></AccessControlList></AccessControlPolicy>';
  beforeEach(() => {
    stub.on('ListBuckets', buckets('one'));
    stub.on('GetPublicAccessBlock', none);
    stub.on('GetBucketPolicyStatus', isPublic(true));
    stub.on('GetBucketAcl', acl);
  });

  it('open by their policy are found', async () => {
    const found = await review();
    expect(about(found, 'one')).toEqual(['high public-bucket-policy']);
    expect(findingOf(found, 'public-bucket-policy').evidence).toContain('that of the account, which was not read, may');
    expect(findingOf(found, 'public-bucket-policy').fix).toContain('s3api put-public-access-block --bucket one');
    expect(found.checked).toEqual(['buckets']);
  });

  it.each([
    ['the policy is not public', () => stub.on('GetBucketPolicyStatus', isPublic(false))],
    ['there is no policy', () => stub.on('GetBucketPolicyStatus', { status: 404, code: 'NoSuchBucketPolicy' })],
    ['a block overrules it', () => stub.on('GetPublicAccessBlock', block(true))],
  ])('are not when %s', async (_, arrange) => {
    arrange();
    const found = await review();
    expect(found.findings).toEqual([]);
    expect(found.checked).toEqual(['buckets']);
  });

  it('that may not be read are one line, and hide nothing of the others', async () => {
    stub.on('ListBuckets', buckets('a', 'b', 'open'));
    stub.on('GetBucketPolicyStatus', ({ path }) => (path.startsWith('/open') ? isPublic(true) : { status: 403, code: 'AccessDenied' }));
    const found = await review();
    expect(about(found, 'open')).toEqual(['high public-bucket-policy']);
    expect(found.checked).toEqual([]);
    const gaps = (found.missing ?? []).filter(({ check }) => check === 'buckets');
    expect(gaps).toEqual([expect.objectContaining({ code: 'provider_denied', message: expect.stringMatching(/And 1 more like it\.$/) })]);
  });

  it('are read up to a number, and the rest is not clean', async () => {
    stub.on('GetPublicAccessBlock', block(true));
    stub.on('ListBuckets', buckets('one').replace('</ListAll', '<ContinuationToken>more</ContinuationToken></ListAll'));
    stub.on('GetAccountSummary', summary(1, 0));
    const found = await review();
    expect(found.missing).toContainEqual(expect.objectContaining({ check: 'buckets', code: 'incomplete' }));
    expect(found.checked).toEqual(['root']);
  });
});

const buckets = (...names: string[]) =>
  `<ListAllMyBucketsResult><Buckets>${names.map((name) => `<Bucket><Name>${name}</Name><BucketRegion>eu-north-1</BucketRegion></Bucket>`).join('')}</Buckets></ListAllMyBucketsResult>`;

describe('secrets', () => {
  const days = (count: number) => Date.now() / 1_000 - count * 86_400;
  it('are told by their age and their use', async () => {
    const times = { CreatedDate: days(200), LastChangedDate: days(1), LastAccessedDate: days(1) };
    stub.on('ListSecrets', {
      SecretList: [
        { ...times, Name: 'young' },
        { ...times, Name: 'old', LastChangedDate: days(91) },
        { ...times, Name: 'rotated', RotationEnabled: true },
        { ...times, Name: 'of-a-service', OwningService: 'rds' },
        { ...times, Name: 'unread', RotationEnabled: true, LastAccessedDate: days(91) },
        { Name: 'never', RotationEnabled: true, CreatedDate: days(91) },
        { Name: 'new', RotationEnabled: true, CreatedDate: days(89) },
      ],
    });
    const found = await review();
    expect(about(found, 'young')).toEqual(['low secret-without-rotation']);
    expect(about(found, 'old')).toEqual(['medium secret-without-rotation']);
    expect(about(found, 'unread')).toEqual(['low secret-not-used']);
    expect(about(found, 'never')).toEqual(['low secret-not-used']);
    for (const clean of ['rotated', 'of-a-service', 'new']) expect(about(found, clean)).toEqual([]);
    expect(found.checked).toEqual(['secrets']);
  });
});

describe('trails', () => {
  const trail = { Name: 'audit', TrailARN: 'arn:1', HomeRegion: 'eu-north-1', IsMultiRegionTrail: true, LogFileValidationEnabled: true };
  beforeEach(() => {
    stub.on('DescribeTrails', { trailList: [trail] });
    stub.on('GetTrailStatus', { IsLogging: true });
    stub.on('GetEventSelectors', {});
  });

  it('that cannot deliver are found', async () => {
    stub.on('GetTrailStatus', { IsLogging: true, LatestDeliveryError: 'AccessDenied' });
    const found = await review();
    expect(about(found, 'audit')).toEqual(['high trail-not-delivered']);
    expect(findingOf(found, 'trail-not-delivered').fix).toContain('get-bucket-policy');
    stub.on('DescribeTrails', { trailList: [{ ...trail, Name: 'ziggie-audit-trail', S3BucketName: 'logs' }] });
    expect(findingOf(await review(), 'trail-not-delivered').fix).toBe('security_enable_trail {"bucket":"logs","account":"main"}');
  });

  it.each([
    ['all of management', [{ Field: 'eventCategory', Equals: ['Management'] }], []],
    [
      'reads only',
      [
        { Field: 'eventCategory', Equals: ['Management'] },
        { Field: 'readOnly', Equals: ['true'] },
      ],
      ['high trail-without-management-events'],
    ],
    ['data only', [{ Field: 'eventCategory', Equals: ['Data'] }], ['high trail-without-management-events']],
  ])('with advanced selectors for %s', async (_, FieldSelectors, expected) => {
    stub.on('GetEventSelectors', { AdvancedEventSelectors: [{ FieldSelectors }] });
    expect(about(await review(), 'audit')).toEqual(expected);
  });

  it('of the organization are asked by ARN', async () => {
    stub.on('DescribeTrails', { trailList: [{ ...trail, IsOrganizationTrail: true }] });
    await review();
    expect(JSON.parse(stub.bodies.get('GetTrailStatus') ?? '{}')).toEqual({ Name: 'arn:1' });
  });

  it('that cannot be looked at are no proof that there is none', async () => {
    stub.on('GetTrailStatus', { status: 400, code: 'AccessDeniedException' });
    stub.on('GetAccountSummary', summary(1, 0));
    const found = await review();
    expect(found.findings).toEqual([]);
    expect(found.missing).toContainEqual(expect.objectContaining({ check: 'trails', code: 'provider_denied' }));
  });
});

describe('a review', () => {
  it('fails with the first error when nothing could be seen', async () => {
    expect(await failure(review())).toMatchObject({ code: 'provider_denied' });
  });

  it('is cancelled with the call', async () => {
    const aws = newAws({ endpoint: stub.endpoint });
    const target = await mainTarget(aws);
    const call = newCall();
    stub.on('GetAccountSummary', summary(0, 0));
    stub.on('GenerateCredentialReport', () => {
      call.cancel();
      return '<State>STARTED</State>';
    });
    expect(await failure(aws.security.account([target], { limit: 25 }, call))).toMatchObject({ code: 'cancelled' });
  });

  it.each([
    ['users', 'GetCredentialReport', 'ReportInProgress', 'provider_conflict'],
    ['users', 'GetCredentialReport', 'ReportNotPresent', 'provider_conflict'],
    ['users', 'GetCredentialReport', 'ReportExpired', 'provider_conflict'],
    ['unused-permissions', 'GenerateServiceLastAccessedDetails', 'NoSuchEntity', 'provider_not_found'],
  ])('says for %s what IAM means by %s: %s', async (check, operation, code, expected) => {
    stub.on('GetAccountSummary', summary(1, 0));
    stub.on('GenerateCredentialReport', '<State>COMPLETE</State>');
    stub.on(operation, { status: 409, code });
    expect((await review()).missing).toContainEqual(expect.objectContaining({ check, code: expected }));
  });

  it('says in the sandbox that it is not emulated', async () => {
    const aws = sandboxAws();
    const error = await failure(aws.security.network([await mainTarget(aws)], { limit: 25 }, newCall()));
    expect(error).toMatchObject({ code: 'provider_not_configured' });
    expect(error.details.remedy).toContain('sandbox');
  });

  it('names the accounts when there are several, and goes on when one does not answer', async () => {
    stub.on('GetAccountSummary', summary(0, 0), { status: 403, code: 'AccessDenied' });
    const aws = newAws({ endpoint: stub.endpoint, accounts: [mainAccount(), mainAccount({ name: 'other' })] });
    const first = await mainTarget(aws);
    const found = await aws.security.account([first, { ...first, account: 'other' }], { limit: 25 }, newCall());
    expect(found.findings.map(({ account }) => account)).toEqual([expect.stringMatching(/^(main|other)$/)]);
    expect(found.missing?.filter(({ check }) => check === 'root')).toHaveLength(1);
  });

  describe('of many findings', () => {
    const secrets = (...names: string[]) => ({
      SecretList: names.map((Name) => ({ Name, LastChangedDate: 0, LastAccessedDate: Date.now() / 1_000 })),
    });
    beforeEach(() => {
      stub.on('GetAccountSummary', summary(0, 0));
      stub.on('ListSecrets', secrets('b', 'a', 'c'));
    });
    const page = (query: Parameters<typeof reviewAccount>[1]) => reviewAccount({ endpoint: stub.endpoint }, query);

    it('comes in pages, the worst first', async () => {
      const first = await page({ limit: 2 });
      expect(first.findings.map(({ resource }) => resource)).toEqual(['root', 'a']);
      expect(first.counts).toEqual({ critical: 1, medium: 3 });
      const second = await page({ limit: 2, cursor: first.nextCursor ?? '' });
      expect(second.findings.map(({ resource }) => resource)).toEqual(['b', 'c']);
      expect(second.nextCursor).toBeUndefined();
    });

    it('shows one severity, and counts all', async () => {
      const found = await page({ limit: 25, severity: 'critical' });
      expect(found.findings.map(({ resource }) => resource)).toEqual(['root']);
      expect(found.counts).toEqual({ critical: 1, medium: 3 });
    });

    it.each([
      ['the findings changed', () => stub.on('ListSecrets', secrets('a', 'b')), undefined],
      ['it is of another severity', () => {}, 'medium' as const],
    ])('refuses the next page when %s', async (_, arrange, severity) => {
      const { nextCursor = '' } = await page({ limit: 2 });
      arrange();
      const error = await failure(page({ limit: 2, cursor: nextCursor, ...(severity ? { severity } : {}) }));
      expect(error.code).toBe('invalid_input');
      expect(error.message).toContain('changed');
    });

    it.each([
      ['is none', () => 'nonsense'],
      ['begins before the start', (hash: string) => Buffer.from(JSON.stringify({ offset: -1, hash })).toString('base64url')],
    ])('refuses a cursor that %s', async (_, make) => {
      const { nextCursor = '' } = await page({ limit: 2 });
      const { hash } = JSON.parse(Buffer.from(nextCursor, 'base64url').toString());
      expect(await failure(page({ limit: 2, cursor: make(hash) }))).toMatchObject({ code: 'invalid_input' });
    });
  });
});
