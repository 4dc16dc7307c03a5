import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { ObjectTarget } from '../../src/ports/domain.ts';
import { failure, instanceOf, instanceTarget, mainAccount, newAws, newCall, resolved } from './harness.ts';

/** STS and EC2 by a stub of the tests' own, because these tests say when a session ends; moto shows the same on a real STS. */

const role = 'arn:aws:iam::210987654321:role/ziggie-agent';
const id = 'i-0123456789abcdef0';

interface Request {
  readonly action: string;
  readonly form: URLSearchParams;
  /** Access key id that signed it. */
  readonly signer: string;
}

let requests: Request[];
let lifeMs: number;
let refuse: boolean;
let close: () => void;
let endpoint: string;

beforeEach(async () => {
  requests = [];
  lifeMs = 3_600_000;
  refuse = false;
  let sessions = 0;
  const server = createServer(async (incoming, outgoing) => {
    const form = new URLSearchParams(Buffer.concat(await incoming.toArray()).toString());
    const action = form.get('Action') ?? '';
    requests.push({ action, form, signer: /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '' });
    outgoing.setHeader('content-type', 'text/xml');
    if (action === 'AssumeRole' && refuse) {
      outgoing.statusCode = 403;
      outgoing.end('<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>');
    } else if (action === 'AssumeRole') {
      sessions += 1;
      outgoing.end(
        `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
         <AccessKeyId>SESSION${sessions}${form.get('RoleSessionName')}</AccessKeyId><SecretAccessKey>made-up-${sessions}</SecretAccessKey>
         <SessionToken>token-${sessions}</SessionToken><Expiration>${new Date(Date.now() + lifeMs).toISOString()}</Expiration>
         </Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      );
    } else if (action === 'GetCallerIdentity') {
      outgoing.end(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
         <Arn>arn:aws:iam::123456789012:user/server</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    } else if (action === 'StartInstances') {
      outgoing.end(
        `<StartInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instancesSet><item><instanceId>${id}</instanceId>
         <currentState><name>pending</name></currentState></item></instancesSet></StartInstancesResponse>`,
      );
    } else {
      outgoing.end(
        `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><ownerId>210987654321</ownerId>
         <instancesSet><item><instanceId>${id}</instanceId><instanceState><name>running</name></instanceState></item></instancesSet>
         </item></reservationSet></DescribeInstancesResponse>`,
      );
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => close());

function connect(sessionPolicy: (account: unknown, actor: string) => string, hide?: (secret: string) => void) {
  return newAws({ accounts: [mainAccount({ role })], endpoint, sessionPolicy, ...(hide ? { hide } : {}) });
}
const look = (aws: ReturnType<typeof connect>, actor: string) => instanceOf(aws, { type: 'Instance', id }, newCall({ actor }));
const of = (action: string) => requests.filter((request) => request.action === action);

describe('an account that names a role', () => {
  it('gives every agent a session of its own, with its name and its policy', async () => {
    const aws = connect((_, actor) => `{"for":"${actor}"}`);
    await Promise.all([look(aws, 'agent-marcus'), look(aws, 'agent-chen')]);
    await look(aws, 'agent-marcus');
    const carried = of('AssumeRole').map(({ form, signer }) => ({ ...Object.fromEntries(form), signer }));
    expect(carried).toHaveLength(2);
    expect(carried).toContainEqual(
      expect.objectContaining({
        RoleArn: role,
        RoleSessionName: 'agent-marcus',
        SourceIdentity: 'agent-marcus',
        Policy: '{"for":"agent-marcus"}',
        signer: 'AKIAIOSFODNN7EXAMPLE',
      }),
    );
    const signers = of('DescribeInstances').map(({ signer }) => signer.replace(/^SESSION\d/, ''));
    expect(signers.sort()).toEqual(['agent-chen', 'agent-marcus', 'agent-marcus']);
  });

  it('stays in the session while it waits for what it started', async () => {
    const aws = connect(() => 'policy');
    const call = newCall({ actor: 'agent-marcus', iam: ['ec2:StartInstances', 'ec2:DescribeInstances'] });
    const target = instanceTarget({ accountId: '210987654321', state: 'stopped' });
    expect(await aws.compute.start(target, call)).toMatchObject({ state: 'running' });
    expect(of('DescribeInstances').length).toBeGreaterThan(0);
    expect(requests.filter(({ signer }) => !signer.endsWith('agent-marcus')).map(({ action }) => action)).toEqual(['AssumeRole']);
  });

  it('sends nothing for an agent that has no policy', async () => {
    const aws = connect(() => {
      throw new CallError('provider_not_configured', 'no policy', { remedy: 'none' });
    });
    expect((await failure(look(aws, 'agent-marcus'))).message).toBe('no policy');
    expect(requests).toEqual([]);
  });

  it('asks for a new session when the policy of the agent has changed', async () => {
    let policy = 'one';
    const aws = connect(() => policy);
    await look(aws, 'agent-marcus');
    policy = 'two';
    await look(aws, 'agent-marcus');
    expect(of('AssumeRole').map(({ form }) => form.get('Policy'))).toEqual(['one', 'two']);
    expect(new Set(of('DescribeInstances').map(({ signer }) => signer)).size).toBe(2);
  });

  it('renews a session before it ends, and only then', async () => {
    const aws = connect(() => 'policy');
    // Ended before it was used.
    lifeMs = -1_000;
    await look(aws, 'agent-marcus');
    lifeMs = 3_600_000;
    await look(aws, 'agent-marcus');
    const sessions = of('AssumeRole').length;
    await Promise.all([look(aws, 'agent-marcus'), look(aws, 'agent-marcus')]);
    expect(of('AssumeRole')).toHaveLength(sessions);
    expect(of('DescribeInstances').at(-1)?.signer).toBe(`SESSION${sessions}agent-marcus`);
    expect(sessions).toBeGreaterThan(1);
  });

  it('keeps the server itself under its own credentials, and knows both accounts', async () => {
    const aws = connect(() => 'policy');
    expect(await aws.identity('main', newCall())).toMatchObject({ accountId: '210987654321', ownAccountId: '123456789012' });
    expect(await aws.logSink.accountId()).toBe('123456789012');
    expect(of('AssumeRole')).toEqual([]);
  });

  it('keeps a session that is still good while STS is away, and asks again where there is none', async () => {
    const aws = connect(() => 'policy');
    refuse = true;
    expect((await failure(look(aws, 'agent-marcus'))).code).toBe('provider_denied');
    refuse = false;
    // Due for renewal at half its life, which is over at once.
    lifeMs = 400;
    await look(aws, 'agent-marcus');
    refuse = true;
    await expect
      .poll(async () => (await look(aws, 'agent-marcus').catch((error: CallError) => error)) instanceof CallError, { interval: 50 })
      .toBe(true);
    refuse = false;
    lifeMs = 3_600_000;
    await look(aws, 'agent-marcus');
  });

  it('tells the redaction of every key before it is used', async () => {
    const hidden: string[] = [];
    await look(
      connect(
        () => 'policy',
        (secret) => hidden.push(secret),
      ),
      'agent-marcus',
    );
    expect(hidden).toEqual(expect.arrayContaining(['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'made-up-1', 'token-1']));
  });
});

describe('an account without a role', () => {
  it('signs with its own credentials, whoever calls', async () => {
    const aws = newAws({ accounts: [mainAccount()], endpoint });
    await look(aws, 'agent-marcus');
    expect(of('AssumeRole')).toEqual([]);
    expect(of('DescribeInstances').map(({ signer }) => signer)).toEqual(['AKIAIOSFODNN7EXAMPLE']);
  });
});

describe('what an operation did not declare', () => {
  it('is not sent', async () => {
    const aws = newAws({ accounts: [mainAccount()], endpoint });
    const error = await failure(instanceOf(aws, { type: 'Instance', id }, newCall({ iam: ['ec2:StartInstances'] })));
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining('ec2:DescribeInstances') });
    expect(requests).toEqual([]);
  });

  it("is not sent in the name of an agent where it is the server's own", async () => {
    const aws = newAws({ accounts: [mainAccount()], endpoint });
    const call = newCall({ iam: [], serverIam: ['ec2:DescribeInstances'] });
    expect(await failure(instanceOf(aws, { type: 'Instance', id }, call))).toMatchObject({ code: 'internal' });
    expect(requests).toEqual([]);
  });

  it('is not signed for either', async () => {
    const aws = newAws({ accounts: [mainAccount()], endpoint });
    const object = resolved({
      ...{ type: 'Object', id: 'b/k', provider: 'aws', account: 'main', accountId: '123456789012', region: 'eu-north-1', tags: {} },
      ...{ bucket: 'bucket', key: 'k', exists: true, sizeBytes: 1, etag: 'e', versioning: 'off' },
    } as ObjectTarget);
    const error = await failure(aws.storage.share(object, { minutes: 5 }, newCall({ iam: ['s3:ListBucket'] })));
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining('s3:GetObject') });
  });
});
