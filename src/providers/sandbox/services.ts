import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { once } from '../../lazily.ts';
import type { Answers } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';

export interface ServicesOptions {
  readonly home: string;
  readonly now: () => number;
  readonly settleMs: number;
}

/** The services of the sandbox, each made with its first request: a start needs none of them. */
export function createServices({ home, now, settleMs }: ServicesOptions): Readonly<Record<string, () => Promise<Answers>>> {
  const world = once(async () => {
    const { World } = await import('./world.ts');
    return new World({ home, now, settleMs });
  });
  const buckets = once(async () => (await import('./s3.ts')).bucketsOf(home, now));
  return {
    sts: once(async () => ({
      GetCallerIdentityCommand: () => ({
        Account: sandboxAccountId,
        Arn: `arn:aws:iam::${sandboxAccountId}:user/ziggie-agent`,
        UserId: 'AIDAEXAMPLE',
      }),
    })),
    ec2: once(async () => {
      const [ec2, { createRunInstances }, fleet] = await Promise.all([import('./ec2.ts'), import('./ec2-launch.ts'), world()]);
      const run = createRunInstances(fleet);
      return {
        DescribeInstancesCommand: (region, input) => ec2.describeInstances(fleet, region, input),
        StartInstancesCommand: (region, input) => ec2.startInstances(fleet, region, input),
        StopInstancesCommand: (region, input) => ec2.stopInstances(fleet, region, input),
        RebootInstancesCommand: (region, input) => ec2.rebootInstances(fleet, region, input),
        TerminateInstancesCommand: (region, input) => ec2.terminateInstances(fleet, region, input),
        RunInstancesCommand: (region, input: RunInstancesCommandInput) => run(region, input),
      };
    }),
    cloudwatch: once(async () => {
      const [{ getMetricData }, fleet] = await Promise.all([import('./monitoring.ts'), world()]);
      return { GetMetricDataCommand: (region, input) => getMetricData(fleet, region, input) };
    }),
    logs: once(async () => {
      const { Logs } = await import('./logs.ts');
      const logs = new Logs(now);
      return {
        CreateLogGroupCommand: (region, input) => logs.createLogGroup(region, input),
        CreateLogStreamCommand: (region, input) => logs.createLogStream(region, input),
        PutLogEventsCommand: (region, input) => logs.putLogEvents(region, input),
        FilterLogEventsCommand: (region, input) => logs.filterLogEvents(region, input),
      };
    }),
    s3: once(async () => (await import('./s3.ts')).createS3Answers({ home, now }, await buckets())),
    ssm: once(async () => {
      const [{ createRunCommand }, fleet, stored] = await Promise.all([import('./ssm.ts'), world(), buckets()]);
      return createRunCommand(fleet, stored);
    }),
    cloudfront: once(async () => (await import('./cloudfront.ts')).createCloudFront(now)),
    ses: once(async () => (await import('./ses.ts')).createSes(home)),
    ce: once(async () => (await import('./cost-explorer.ts')).createCostExplorer(now)),
    budgets: once(async () => (await import('./budgets.ts')).createBudgets(now)),
    sns: once(async () => (await import('./sns.ts')).createSns()),
    lambda: once(async () => (await import('./lambda.ts')).createLambda(home)),
    secretsmanager: once(async () => (await import('./secrets.ts')).createSecretsManager(home, now)),
  };
}
