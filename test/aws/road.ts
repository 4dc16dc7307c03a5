import type { CallRequest } from '../../src/call/call.ts';
import { createInvoke } from '../../src/call/invoke.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { agent, createHarness } from '../call/harness.ts';

/** The whole road as agent-ziggie takes it, with the starter policy, over the adapters of a test. */
export async function roadOver(aws: AwsProvider) {
  const harness = await createHarness();
  const invoke = createInvoke({ ...harness.road, ports: { ...harness.road.ports, ...aws }, resolvers: aws.resolvers });
  return {
    call: (tool: string, input: object, more: Pick<CallRequest, 'signal' | 'progress'> = {}) =>
      invoke({ tool, input: { ...input }, client: 'test', principal: agent('agent-ziggie'), ...more }),
    approve: harness.approve,
    close: harness.close,
  };
}
