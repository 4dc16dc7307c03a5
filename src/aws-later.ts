import { CallError } from './call/errors.ts';
import type { Settings } from './config/load.ts';
import { lazily, once } from './lazily.ts';
import type { AwsProvider } from './providers/aws/index.ts';

/** Until the policies are known, nobody is given one. */
export function noSession(agentId: string): string {
  throw new CallError('provider_not_configured', `There is no session for ${agentId} yet.`, {
    remedy: 'Call again once the server has started.',
  });
}

/** AWS with nothing of it loaded: a server is listed and asked for its tools long before it is asked for a cloud. */
export function awsLater({ aws: { accounts }, audit }: Settings, connect: () => Promise<AwsProvider>): AwsProvider {
  const aws = once(connect);
  const [first] = accounts;
  return {
    compute: lazily(async () => (await aws()).compute),
    storage: lazily(async () => (await aws()).storage),
    functions: lazily(async () => (await aws()).functions),
    secrets: lazily(async () => (await aws()).secrets),
    monitoring: lazily(async () => (await aws()).monitoring),
    security: lazily(async () => (await aws()).security),
    costs: lazily(async () => (await aws()).costs),
    budgets: lazily(async () => (await aws()).budgets),
    topics: lazily(async () => (await aws()).topics),
    rawMail: lazily(async () => (await aws()).rawMail),
    deployDrivers: async () => (await aws()).deployDrivers(),
    artifacts: lazily(async () => (await aws()).artifacts),
    resolvers: lazily(async () => (await aws()).resolvers),
    logSink: {
      group: audit.logGroup,
      accountId: async () => (await aws()).logSink.accountId(),
      put: async (stream, events) => (await aws()).logSink.put(stream, events),
      async *read(fromMs, toMs) {
        yield* (await aws()).logSink.read(fromMs, toMs);
      },
    },
    configurationPlace: { account: first?.name ?? audit.account, region: first?.regions[0] ?? audit.region },
    readConfiguration: async (name) => (await aws()).readConfiguration(name),
    identity: async (account, call) => (await aws()).identity(account, call),
    probe: async (account, call) => (await aws()).probe(account, call),
    sessionArn: async (account, call) => (await aws()).sessionArn(account, call),
  };
}
