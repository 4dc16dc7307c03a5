import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  paginateDescribeInstances,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { type Finished, startNode } from '../support/cli.ts';
import { isolatedEnvironment, repository } from '../support/folders.ts';

/** What the end-to-end tests share: the built server, AWS's own clients and CLI, all against moto. */

export const cli = `${repository}/dist/cli.js`;
export const region = 'eu-north-1';
const keys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
export const logGroup = '/ziggie/infrastructure-audit';

export function awsEnvironment(state: string, endpoint: string, more: Record<string, string> = {}): Record<string, string> {
  return isolatedEnvironment(state, { ...keys, AWS_REGION: region, AWS_ENDPOINT_URL: endpoint, ...more });
}

export function ec2(endpoint: string): EC2Client {
  return new EC2Client({
    endpoint,
    region,
    credentials: { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY },
  });
}

export async function launch(client: EC2Client, tags: Record<string, string>): Promise<string> {
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }),
  );
  const id = Instances[0]?.InstanceId ?? '';
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  if (Tags.length > 0) await client.send(new CreateTagsCommand({ Resources: [id], Tags }));
  return id;
}

export async function instances(client: EC2Client): Promise<{ id: string; state: string }[]> {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId = '', State }) => ({
    id: InstanceId,
    state: State?.Name ?? '',
  }));
}

/** `Name` tags of every instance that there is. */
export async function names(client: EC2Client): Promise<string[]> {
  const found: string[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { MaxResults: 1_000 })) {
    const all = Reservations.flatMap(({ Instances = [] }) => Instances);
    found.push(...all.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === 'Name')?.Value ?? ''));
  }
  return found;
}

/** `ziggie-deployments`, and `ziggie-report`, which answers with what it was sent. */
export async function makeBucketAndFunction(endpoint: string): Promise<void> {
  const config = { endpoint, region, credentials: { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY } };
  const location = { LocationConstraint: region } as const;
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'ziggie-deployments', CreateBucketConfiguration: location }));
  await fetch(`${endpoint}/moto-api/config`, { method: 'POST', body: JSON.stringify({ lambda: { use_docker: false } }) });
  const { Role } = await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'functions', AssumeRolePolicyDocument: '{}' }));
  await new LambdaClient(config).send(
    new CreateFunctionCommand({
      FunctionName: 'ziggie-report',
      Role: Role?.Arn,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: Buffer.from('no code is run here') },
    }),
  );
}

export interface Reply {
  readonly ok: boolean;
  readonly callId: string;
  /** Output, or the error object. */
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into freely by tests
  readonly body: any;
}

export interface AgentClient {
  call(tool: string, input?: object, options?: { signal?: AbortSignal; idempotencyKey?: string }): Promise<Reply>;
  readonly pid: number;
  readonly client: Client;
  close(): Promise<void>;
}

/** An agent with the official client over stdio to the built server. */
export async function connectAgent(agent: string, environment: Record<string, string>, args: readonly string[] = []): Promise<AgentClient> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [cli, 'stdio', '--agent', agent, ...args],
    env: environment,
    cwd: repository,
    stderr: 'ignore',
  });
  const client = new Client({ name: 'e2e', version: '1' });
  await client.connect(transport);
  return {
    client,
    pid: transport.pid ?? 0,
    async call(tool, input = {}, { signal, idempotencyKey } = {}) {
      const result = await client.callTool(
        { name: tool, arguments: { ...input }, ...(idempotencyKey ? { _meta: { 'ziggie/idempotencyKey': idempotencyKey } } : {}) },
        { timeout: 120_000, ...(signal ? { signal } : {}) },
      );
      const callId = String(result._meta?.['ziggie/callId']);
      if (!result.isError) return { ok: true, callId, body: result.structuredContent };
      const [first] = result.content as { text: string }[];
      return { ok: false, callId, body: JSON.parse(first?.text ?? '{}').error };
    },
    close: () => client.close(),
  };
}

/** One command of the built CLI, to its end. Not synchronous: the proxy lives in this process. */
export async function run(args: readonly string[], environment: Record<string, string>, input = ''): Promise<Finished> {
  const running = startNode([cli, ...args], environment);
  running.child.stdin.end(input);
  return { code: await running.exited, stdout: running.lines.join('\n'), stderr: running.stderr() };
}

/** The store of the one live destination of a state folder, which is made if need be. */
export async function storeOf(environment: Record<string, string>): Promise<StateStore> {
  const { code, stderr } = await run(['agents', 'list', '--json'], environment);
  if (code !== 0) throw new Error(stderr);
  const [folder = ''] = globSync(join(environment.ZIGGIE_STATE ?? '', 'live-*'));
  return openSqliteStore(folder);
}

/** As if costs had just been read, and were far from the budget: for what launches and is not about money. */
export async function knowSpend(environment: Record<string, string>): Promise<void> {
  const store = await storeOf(environment);
  const at = Date.now();
  const month = new Date(at).toISOString().slice(0, 7);
  store.keepSpend({ month, currency: 'USD', monthToDateCents: 0, monthToDateAt: at, forecastCents: 0, forecastAt: at });
  store.close();
}

export interface LoggedRecord {
  readonly phase: string;
  readonly callId: string;
  readonly writerId: string;
  readonly seq: number;
  readonly principal: string;
  readonly tool: string;
  readonly errorCode?: string;
  readonly outcome?: string;
  readonly effect?: string;
  readonly approvalId?: string;
  readonly via?: string;
}

/** The record as the AWS CLI reads it: neither our code nor the SDK that wrote it. */
export function readCloudWatch(endpoint: string): LoggedRecord[] {
  const { status, stdout, stderr } = spawnSync(
    'aws',
    ['logs', 'filter-log-events', '--log-group-name', logGroup, '--endpoint-url', endpoint, '--region', region, '--output', 'json'],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...keys }, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status === null) throw new Error('the AWS CLI was not found: install it with pip install awscli');
  if (status !== 0) throw new Error(stderr);
  const { events } = JSON.parse(stdout) as { events: { message: string }[] };
  return events.map(({ message }) => JSON.parse(message) as LoggedRecord);
}
