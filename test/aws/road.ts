import type { CallRequest } from '../../src/call/call.ts';
import { createInvoke } from '../../src/call/invoke.ts';
import { createCosts } from '../../src/costs/index.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { agent, createHarness } from '../call/harness.ts';

/** The whole road as agent-ziggie takes it, with the starter policy, over the adapters of a test. */
export async function roadOver(aws: AwsProvider) {
  const harness = await createHarness();
  const nowhere = async (): Promise<never> => {
    throw new Error('not on AWS');
  };
  const { Account, Instance, Bucket, Object: ofObject, Function: ofFunction, Secret, Alarm } = aws.resolvers;
  const resolvers = {
    Account,
    Instance,
    Bucket,
    Object: ofObject,
    Function: ofFunction,
    Secret,
    Alarm,
    DnsZone: nowhere,
    Application: nowhere,
  };
  const costs = createCosts({
    aws: aws.costs,
    hostinger: { subscriptions: nowhere, machines: nowhere },
    store: harness.store,
    settings: {
      budget: { cents: 10_000, currency: 'USD' },
      requestsPerDay: 50,
      rates: {},
      tags: { team: 'Team', application: 'Application', instance: 'Name' },
    },
    everything: ['main'],
    nearest: () => undefined,
    now: Date.now,
  });
  const invoke = createInvoke({ ...harness.road, ports: { ...harness.road.ports, ...aws, costs }, resolvers });
  return {
    call: (tool: string, input: object, more: Pick<CallRequest, 'signal' | 'progress'> = {}) =>
      invoke({ tool, input: { ...input }, client: 'test', principal: agent('agent-ziggie'), ...more }),
    approve: harness.approve,
    close: harness.close,
  };
}
