import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { AwsContext } from '../../src/providers/aws/context.ts';
import { createEc2Driver } from '../../src/providers/aws/deploy/ec2.ts';
import { appOn, artifactOf, deployment, isHealthy, targets } from './deploy-support.ts';
import { failure } from './harness.ts';

/** More instances than one command takes, each request answered at once: only what is sent to whom is of interest. */
const ids = Array.from({ length: 120 }, (_, index) => `i-${String(index).padStart(4, '0')}`);
const app = appOn(targets.ec2);
const folder = `ziggie-releases/${app.name}/`;

interface Input {
  readonly Key: string;
  readonly PartNumber: number;
  readonly ChecksumSHA256: string;
  readonly CommandId: string;
  readonly InstanceIds: string[];
  readonly Parameters: { readonly commands: string[] };
}

/** @param lacks instance without the release @param refused instance with which a command is not taken */
function fleet({ lacks, refused }: { lacks?: string; refused?: string } = {}) {
  const sent: { readonly instances: string[]; readonly script: string }[] = [];
  const presigned: string[] = [];
  const parts = new Map<number, Buffer>();
  let checksum: string | undefined;
  const state = JSON.stringify({ serving: 'v1', activating: 'v2', batch: ids });
  const answers: Record<string, (input: Input) => object> = {
    DescribeInstancesCommand: () => ({
      Reservations: [{ Instances: ids.map((InstanceId) => ({ InstanceId, State: { Name: 'running' } })) }],
    }),
    HeadObjectCommand: ({ Key }) => (Key.endsWith('.gz') ? { ChecksumSHA256: checksum } : {}),
    CreateMultipartUploadCommand: () => ({ UploadId: 'one' }),
    UploadPartCommand: ({ PartNumber, ChecksumSHA256 }) => {
      parts.set(PartNumber, Buffer.from(ChecksumSHA256, 'base64'));
      return { ETag: 'etag' };
    },
    // As the S3 User Guide has it, and moto's HeadObject has not: the checksum of the parts' checksums, and how many they are.
    CompleteMultipartUploadCommand: () => {
      const all = [...parts].sort(([a], [b]) => a - b).map(([, sum]) => sum);
      checksum = `${createHash('sha256').update(Buffer.concat(all)).digest('base64')}-${all.length}`;
      return {};
    },
    GetObjectCommand: () => ({ ContentLength: state.length, Body: Readable.from([Buffer.from(state)]) }),
    PutObjectCommand: () => ({}),
    DeleteObjectCommand: () => ({}),
    SendCommandCommand: ({ InstanceIds, Parameters }) => {
      sent.push({ instances: InstanceIds, script: Parameters.commands.join('\n') });
      if (refused && InstanceIds.includes(refused)) throw new CallError('provider_rejected', 'not managed', { remedy: '' });
      return { Command: { CommandId: String(sent.length - 1) } };
    },
    ListCommandInvocationsCommand: ({ CommandId }) => ({
      CommandInvocations: sent[Number(CommandId)]?.instances.map((InstanceId) => {
        const isFine = InstanceId !== lacks;
        return { InstanceId, Status: isFine ? 'Success' : 'Failed', CommandPlugins: [{ ResponseCode: isFine ? 0 : 62 }] };
      }),
    }),
  };
  type Command = { readonly name: string; readonly input: Input };
  const commandOf = (name: PropertyKey) =>
    function command(input: Input): Command {
      return { name: String(name), input };
    };
  const sdk = new Proxy({}, { get: (_, name) => commandOf(name) });
  const answer = ({ name, input }: Command) => answers[name]?.(input) ?? {};
  const sender = {
    ask: async (...[, , , build]: [unknown, unknown, unknown, (sdk: object) => Command]) => answer(build(sdk)),
    change: async (...[, , , , build]: [unknown, unknown, unknown, unknown, (sdk: object) => Command]) => answer(build(sdk)),
    presign: async (...[, , , build]: [unknown, unknown, unknown, (sdk: object) => Command]) => {
      presigned.push(build(sdk).input.Key);
      return `https://s3.example/${presigned.length}`;
    },
  };
  const context = { accounts: [{ name: 'main', regions: ['eu-north-1'] }], sender, identify: async () => ({ accountId: '1' }), pollMs: 1 };
  return { driver: createEc2Driver(context as unknown as AwsContext), sent, presigned };
}

describe('an archive in parts', () => {
  it('is sent once, and known again by what S3 says of its bytes', async () => {
    const { driver } = fleet();
    const large = artifactOf('v1', { data: randomBytes(17 * 1024 * 1024) });
    const [first, second] = [deployment(), deployment()];
    await driver.upload(app, large, {}, first);
    await driver.upload(app, large, {}, second);
    const stored = (call: typeof first) => call.messages.includes('the archive of v1 is stored');
    expect([stored(first), stored(second)]).toEqual([true, false]);
  });
});

describe('a fleet of more than one command', () => {
  it.each([
    ['one lacks the release', { lacks: 'i-0007' }, 'i-0007 does not have the release'],
    ['one batch cannot be sent to', { refused: 'i-0060' }, 'not managed'],
  ])('is told to go back to the last instance, though %s', async (_, trouble, said) => {
    const { driver, sent } = fleet(trouble);
    const error = await failure(driver.activate(app, 'v1', isHealthy, deployment()));
    expect(error.message).toContain(said);
    expect(sent.flatMap(({ instances }) => instances)).toEqual(ids);
  });

  it('stops going forward at the first batch that goes wrong', async () => {
    const { driver, sent } = fleet({ lacks: 'i-0007' });
    await failure(driver.activate(app, 'v2', isHealthy, deployment()));
    expect(sent.map(({ instances }) => instances.length)).toEqual([1, 50]);
  });

  it('gets addresses of its own with each batch, for the one before may have taken their time', async () => {
    const { driver, sent, presigned } = fleet();
    await driver.upload(app, artifactOf('v1', { 'app.sh': 'one' }), { KEY: 'value' }, deployment());
    expect(sent.map(({ instances }) => instances.length)).toEqual([50, 50, 20]);
    const addresses = sent.flatMap(({ script }) => script.match(/https:\/\/s3\.example\/\d+/g) ?? []);
    expect(new Set(addresses).size).toBe(6);
    expect(presigned.filter((key) => key === `${folder}v1.tar.gz`)).toHaveLength(3);
  });
});
