import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fleet } from '../../src/providers/sandbox/index.ts';
import { type AwsStub, bucketSize, fleetSize } from '../aws-stub.ts';
import { answerMessages } from '../processes.ts';

/** EC2 with 10,000 instances, S3 with a bucket of 100,000 keys, STS and CloudWatch Logs, as far as the benchmarks need them, in a process of its own. */
interface Answer {
  readonly type: string;
  readonly body: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const ids = Array.from({ length: fleetSize }, (_, index) => `i-0a1b2c3d${index.toString(16).padStart(9, '0')}`);
let eventsTaken = 0;

function describeInstances(parameters: URLSearchParams): string {
  const from = Number(parameters.get('NextToken') ?? 0);
  const size = Number(parameters.get('MaxResults') ?? 1_000);
  const next = from + size < ids.length ? `<nextToken>${from + size}</nextToken>` : '';
  const page = ids.slice(from, from + size).map((id, index) => instanceXml(id, from + index));
  return query(
    'DescribeInstances',
    'http://ec2.amazonaws.com/doc/2016-11-15/',
    `<requestId>stub</requestId><reservationSet>${page.join('')}</reservationSet>${next}`,
  );
}

function instanceXml(id: string, index: number): string {
  const { name, type, zone } = fleet[index % fleet.length] ?? { name: '', type: 't3.micro', zone: 'a' };
  const tags = { Name: `${name}-${index}`, Project: 'Ziggie', Environment: 'production', Team: 'backend' };
  const tagSet = Object.entries(tags).map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`);
  return `<item><reservationId>r-${id.slice(2)}</reservationId><ownerId>123456789012</ownerId><instancesSet><item><instanceId>${id}</instanceId><imageId>ami-0a1b2c3d4e5f60001</imageId><instanceState><code>16</code><name>running</name></instanceState><instanceType>${type}</instanceType><launchTime>2026-07-01T08:00:00.000Z</launchTime><placement><availabilityZone>eu-north-1${zone}</availabilityZone></placement><privateIpAddress>10.0.1.10</privateIpAddress><subnetId>subnet-0a1b2c3d4e5f60001</subnetId><vpcId>vpc-0a1b2c3d4e5f60001</vpcId><tagSet>${tagSet.join('')}</tagSet></item></instancesSet></item>`;
}

function query(action: string, namespace: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="${namespace}">${content}</${action}Response>`;
}

const identity = query(
  'GetCallerIdentity',
  'https://sts.amazonaws.com/doc/2011-06-15/',
  '<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ziggie-agent</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata>',
);

/** One bucket without tags, whose keys are listed in pages. */
function answerS3(request: IncomingMessage): Answer | undefined {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://stub');
  if (pathname === '/') return undefined;
  if (request.method === 'HEAD') return { type: 'application/xml', body: '', headers: { 'x-amz-bucket-region': 'eu-north-1' } };
  if (searchParams.has('tagging')) {
    return { type: 'application/xml', body: '<Error><Code>NoSuchTagSet</Code><Message>none</Message></Error>', status: 404 };
  }
  const from = Number(searchParams.get('continuation-token') ?? 0);
  const size = Number(searchParams.get('max-keys') ?? 1_000);
  const keys = Array.from(
    { length: Math.min(size, bucketSize - from) },
    (_, index) => `web/assets/${String(from + index).padStart(8, '0')}.js`,
  );
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-07-01T08:00:00.000Z</LastModified><ETag>&quot;0a1b2c&quot;</ETag><Size>1024</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const next = from + size < bucketSize ? `<NextContinuationToken>${from + size}</NextContinuationToken>` : '';
  const body = `<ListBucketResult><Name>ziggie-deployments</Name><KeyCount>${keys.length}</KeyCount><MaxKeys>${size}</MaxKeys><IsTruncated>${next !== ''}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
  return { type: 'application/xml', body };
}

async function answer(request: IncomingMessage): Promise<Answer | undefined> {
  const object = answerS3(request);
  if (object) return object;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString('utf8');
  const logsAction = /^Logs_\d+\.(\w+)$/.exec(String(request.headers['x-amz-target'] ?? ''))?.[1];
  if (logsAction) {
    if (logsAction === 'PutLogEvents') eventsTaken += (JSON.parse(body) as { logEvents: unknown[] }).logEvents.length;
    return { type: 'application/x-amz-json-1.1', body: '{}' };
  }
  const parameters = new URLSearchParams(body);
  if (parameters.get('Action') === 'GetCallerIdentity') return { type: 'text/xml', body: identity };
  if (parameters.get('Action') === 'DescribeInstances') return { type: 'text/xml', body: describeInstances(parameters) };
  return undefined;
}

const server = createServer((request, response) => {
  void answer(request).then((found) => {
    if (found) {
      const headers = { 'content-type': found.type, 'x-amzn-requestid': 'stub', ...found.headers };
      response.writeHead(found.status ?? 200, headers).end(found.body);
    } else response.writeHead(400).end();
  });
}).listen(0, '127.0.0.1');
const listening = once(server, 'listening');

answerMessages(
  async () => {
    await listening;
    const stub: AwsStub = { port: (server.address() as AddressInfo).port, eventsTaken };
    return { ...stub };
  },
  () => {
    server.closeAllConnections();
    server.close();
  },
);
