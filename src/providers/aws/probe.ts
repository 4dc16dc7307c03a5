import { CallError } from '../../call/errors.ts';
import type { AwsAccount, Scope } from './accounts.ts';
import type { Service } from './clients.ts';
import { ownIdentity, type Sender, type SendScope } from './send.ts';

export interface ServiceProbe {
  readonly service: Service;
  readonly region: string;
  readonly latencyMs: number;
  /** `denied`: it answers, but not to this server's own identity; what agents may do runs under theirs. */
  readonly result: 'ok' | 'denied' | 'failed';
  /** Of a failure. */
  readonly problem?: string;
}

export interface AccountProbe {
  readonly services: readonly ServiceProbe[];
  /** How far the clock of AWS is ahead of this machine's, in milliseconds, to about a second; absent when no answer had a date. */
  readonly clockOffsetMs?: number;
}

type Ask = (sender: Sender, scope: Scope, call: SendScope) => Promise<unknown>;

/** The smallest read of each service that tools use; none is charged for. */
const asks: Partial<Record<Service, Ask>> = {
  ec2: (sender, scope, call) => sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand({ MaxResults: 5 })),
  s3: (sender, scope, call) => sender.ask('s3', scope, call, (sdk) => new sdk.ListBucketsCommand({ MaxBuckets: 1 })),
  lambda: (sender, scope, call) => sender.ask('lambda', scope, call, (sdk) => new sdk.ListFunctionsCommand({ MaxItems: 1 })),
  secretsmanager: (sender, scope, call) =>
    sender.ask('secretsmanager', scope, call, (sdk) => new sdk.ListSecretsCommand({ MaxResults: 1 })),
  cloudwatch: (sender, scope, call) => sender.ask('cloudwatch', scope, call, (sdk) => new sdk.DescribeAlarmsCommand({ MaxRecords: 1 })),
  logs: (sender, scope, call) => sender.ask('logs', scope, call, (sdk) => new sdk.DescribeLogGroupsCommand({ limit: 1 })),
};

/** Asks every service of the account in its first region, all at once, under the server's own identity. Never throws. */
export async function probeAccount(sender: Sender, account: AwsAccount, call: SendScope): Promise<AccountProbe> {
  const scope: Scope = { account, region: account.regions[0] ?? 'us-east-1' };
  const offsets: number[] = [];
  const probes = await Promise.all(
    Object.entries(asks).map(async ([service, ask]): Promise<ServiceProbe | undefined> => {
      const startedAt = Date.now();
      const own: SendScope = {
        ...ownIdentity,
        deadlineAt: call.deadlineAt,
        signal: call.signal,
        noteDate: (at) => offsets.push(at - Date.now()),
      };
      const end = (result: ServiceProbe['result'], problem?: string): ServiceProbe => ({
        service: service as Service,
        region: scope.region,
        latencyMs: Date.now() - startedAt,
        result,
        ...(problem ? { problem } : {}),
      });
      try {
        await ask(sender, scope, own);
        return end('ok');
      } catch (error) {
        if (!(error instanceof CallError)) return end('failed', 'the probe itself failed');
        if (error.details.provider?.code === 'NotInSandbox') return undefined;
        return error.code === 'provider_denied' ? end('denied') : end('failed', `${error.code}: ${error.message}`);
      }
    }),
  );
  const [clockOffsetMs] = offsets.sort((a, b) => Math.abs(b) - Math.abs(a));
  return { services: probes.filter((probe) => probe !== undefined), ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }) };
}
