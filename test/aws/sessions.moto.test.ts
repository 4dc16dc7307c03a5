import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iamDocuments } from '../../src/iam/documents.ts';
import { operations } from '../../src/tools/index.ts';
import { type AwsProxy, startAwsProxy } from '../e2e/aws-proxy.ts';
import { accountsOf, exampleKeys, failure, mainAccount, newAws, newCall, resolved } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

/** A real STS with real signatures: moto with authentication enforced. It evaluates actions only; conditions and sessions are test/iam's. */

let moto: Moto;
let proxy: AwsProxy;
let keys: { accessKeyId: string; secretAccessKey: string };
let role: string;

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startAwsProxy(moto.endpoint);
  const iam = new IAMClient({ endpoint: moto.endpoint, region: 'eu-north-1', credentials: exampleKeys });
  const { 'ziggie-agent-trust-policy.json': trust, 'ziggie-ec2-role-policy.json': generated } = iamDocuments(operations);
  // moto takes a statement for what is asked of everything only: the actions are the generated ones, the resource is not.
  const own = {
    ...generated,
    Statement: generated?.Statement.filter(({ Effect }) => Effect === 'Allow').map((each) => ({ ...each, Resource: '*' })),
  };
  const reading = operations.filter(({ name }) => name === 'instances_list');
  const { 'ziggie-agent-policy.json': document } = iamDocuments(reading);
  await iam.send(new CreateUserCommand({ UserName: 'server' }));
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'agent', PolicyDocument: JSON.stringify(document) }));
  await iam.send(new PutUserPolicyCommand({ UserName: 'server', PolicyName: 'server', PolicyDocument: JSON.stringify(own) }));
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'ZiggieAgentRole',
      AssumeRolePolicyDocument: JSON.stringify(trust).replaceAll('role/ZiggieEC2Role', 'user/server'),
    }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'ZiggieAgentRole', PolicyArn: Policy?.Arn }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'server' }));
  role = Role?.Arn ?? '';
  keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' });
});
afterAll(async () => {
  await proxy?.close();
  await moto?.close();
});

const connect = (credentials = keys) =>
  newAws({
    accounts: [mainAccount({ credentials, role })],
    endpoint: proxy.endpoint,
    sessionPolicy: (_, actor) =>
      `{"Version":"2012-10-17","Statement":[{"Sid":"${actor.replace('-', '')}","Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`,
  });

describe('with authentication enforced', () => {
  it('an agent reads under a session of the role that carries its name and policy', async () => {
    const aws = connect();
    const call = newCall({ actor: 'agent-marcus' });
    const [account] = await accountsOf(aws, { type: 'Account' }, call);
    if (!account) throw new Error('no account');
    expect(await aws.compute.list([resolved(account)], { limit: 5 }, call)).toEqual({ instances: [] });
    expect(await aws.sessionArn('main', call)).toMatch(/assumed-role\/ZiggieAgentRole\/agent-marcus$/);
    const [assumed] = proxy.forms.filter((form) => form.get('Action') === 'AssumeRole');
    expect(assumed?.get('SourceIdentity')).toBe('agent-marcus');
    expect(assumed?.get('RoleSessionName')).toBe('agent-marcus');
    expect(assumed?.get('Policy')).toContain('agentmarcus');
  });

  it('what the role may not do surfaces as provider_denied, and nothing happened', async () => {
    const aws = connect();
    const call = newCall({ actor: 'agent-marcus', dryRun: false });
    const [account] = await accountsOf(aws, { type: 'Account' }, call);
    if (!account) throw new Error('no account');
    const spec = { name: 'x', instanceType: 't3.micro', image: 'ami-12c6146b', region: 'eu-north-1', tags: {} };
    const error = await failure(aws.compute.launch(resolved(account), spec, call));
    expect(error.code).toBe('provider_denied');
    expect(error.details.remedy).toContain('docs/permissions.md');
    expect(call.ledger.effect()).toBe('none');
  });

  it('a wrong secret key is told apart from a missing permission', async () => {
    const aws = connect({ ...keys, secretAccessKey: exampleKeys.secretAccessKey });
    const error = await failure(aws.identity('main', newCall()));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toMatch(/AWS_SECRET_ACCESS_KEY/);
  });
});
