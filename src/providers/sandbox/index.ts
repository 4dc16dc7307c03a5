/**
 * Invariant: nothing in the sandbox reaches a network. The SDK's own serialisation, signing and retries run, but the answer is given
 * in front of the request handler, and the handler refuses whatever was not answered.
 */
import type { DeserializeHandlerOutput, MetadataBearer, Pluggable } from '@smithy/types';
import { notInSandbox, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { createServices } from './services.ts';

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
  const services = createServices({ home, now, settleMs });
  let requests = 0;

  const answer = async (
    service: string,
    command: string,
    region: string,
    input: unknown,
  ): Promise<DeserializeHandlerOutput<MetadataBearer>> => {
    requests += 1;
    const requestId = `5a4d0b0c-0000-4000-8000-${String(requests).padStart(12, '0')}`;
    try {
      const answering = (await services[service]?.())?.[command];
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
