/**
 * Invariant: nothing in the sandbox reaches a network. The SDK's own serialisation, signing and retries run, but the answer is given
 * in front of the request handler, and the handler refuses whatever was not answered.
 */
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { DeserializeHandlerOutput, MetadataBearer, Pluggable } from '@smithy/types';
import { describeInstances, rebootInstances, startInstances, stopInstances, terminateInstances } from './ec2.ts';
import { createRunInstances } from './ec2-launch.ts';
import { type Answers, notInSandbox, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { createLambda } from './lambda.ts';
import { Logs } from './logs.ts';
import { getMetricData } from './monitoring.ts';
import { createS3Answers } from './s3.ts';
import { createSecretsManager } from './secrets.ts';
import { World } from './world.ts';

export { type FleetMember, fleet, sandboxAccountId } from './fleet.ts';

export interface SandboxOptions {
  /** Where the fleet lives: the first configured region. */
  readonly region: string;
  readonly now?: () => number;
  /** How long an instance takes to start, stop or shut down, in milliseconds. */
  readonly settleMs?: number;
}

/** What `createAws` takes to run on the sandbox, and credentials for its accounts. */
export interface Sandbox {
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly middleware: (at: { region: string; service: string }) => Pluggable<object, MetadataBearer>;
  readonly requestHandler: { readonly metadata: { handlerProtocol: string }; handle(): Promise<never> };
}

/** An AWS account in this process, gone when it ends. */
export function createSandbox({ region: home, now = Date.now, settleMs = 1_500 }: SandboxOptions): Sandbox {
  const world = new World({ home, now, settleMs });
  const logs = new Logs(now);
  const run = createRunInstances(world);
  const answers: Readonly<Record<string, Answers>> = {
    sts: {
      GetCallerIdentityCommand: () => ({
        Account: sandboxAccountId,
        Arn: `arn:aws:iam::${sandboxAccountId}:user/ziggie-agent`,
        UserId: 'AIDAEXAMPLE',
      }),
    },
    ec2: {
      DescribeInstancesCommand: (region, input) => describeInstances(world, region, input),
      StartInstancesCommand: (region, input) => startInstances(world, region, input),
      StopInstancesCommand: (region, input) => stopInstances(world, region, input),
      RebootInstancesCommand: (region, input) => rebootInstances(world, region, input),
      TerminateInstancesCommand: (region, input) => terminateInstances(world, region, input),
      RunInstancesCommand: (region, input: RunInstancesCommandInput) => run(region, input),
    },
    cloudwatch: {
      GetMetricDataCommand: (region, input) => getMetricData(world, region, input),
    },
    s3: createS3Answers({ home, now }),
    logs: {
      CreateLogGroupCommand: (region, input) => logs.createLogGroup(region, input),
      CreateLogStreamCommand: (region, input) => logs.createLogStream(region, input),
      PutLogEventsCommand: (region, input) => logs.putLogEvents(region, input),
      FilterLogEventsCommand: (region, input) => logs.filterLogEvents(region, input),
    },
    lambda: createLambda(home),
    secretsmanager: createSecretsManager(home, now),
  };
  let requests = 0;

  const answer = (service: string, command: string, region: string, input: unknown): DeserializeHandlerOutput<MetadataBearer> => {
    requests += 1;
    const requestId = `5a4d0b0c-0000-4000-8000-${String(requests).padStart(12, '0')}`;
    try {
      const answering = answers[service]?.[command];
      if (!answering) throw notInSandbox(command.replace(/Command$/, ''));
      const output = { ...answering(region, input as never), $metadata: { httpStatusCode: 200, requestId } };
      return { response: { statusCode: 200, headers: { date: new Date(now()).toUTCString() } }, output };
    } catch (error) {
      if (error instanceof ServiceFault) error.$metadata.requestId = requestId;
      throw error;
    }
  };

  return {
    accountId: sandboxAccountId,
    // AWS's documented example key.
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    middleware: ({ region, service }) => {
      /** Inputs of requests under way; the SDK gives both steps of one request the same context. */
      const inputs = new WeakMap<object, unknown>();
      return {
        applyToStack(stack) {
          stack.add(
            (next, context) => async (args) => {
              inputs.set(context, args.input);
              return next(args);
            },
            { step: 'initialize', name: 'sandboxInput' },
          );
          stack.add((_, context) => async () => answer(service, context.commandName ?? '', region, inputs.get(context)), {
            step: 'deserialize',
            priority: 'high',
            name: 'sandboxAnswer',
          });
        },
      };
    },
    requestHandler: {
      metadata: { handlerProtocol: 'none' },
      handle: async () => {
        throw notInSandbox('a network');
      },
    },
  };
}
