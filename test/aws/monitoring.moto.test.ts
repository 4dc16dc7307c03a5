import { spawn } from 'node:child_process';
import { CloudWatchClient, PutMetricAlarmCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInstancesCommand, EC2Client, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, outputOf } from '../call/harness.ts';
import { exampleKeys, mainAccount, newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { roadOver } from './road.ts';

const region = 'eu-north-1';
let moto: Moto;
let road: Awaited<ReturnType<typeof roadOver>>;
beforeAll(async () => {
  moto = await startMoto();
}, 40_000);
beforeEach(async () => {
  await moto.reset();
  await road?.close();
  road = await roadOver(newAws({ endpoint: moto.endpoint }));
});
afterAll(async () => {
  await road.close();
  await moto.close();
});

const options = () => ({ region, endpoint: moto.endpoint, credentials: exampleKeys });
// moto does not inflate the requests that the SDK compresses.
const cloudwatch = () => new CloudWatchClient({ ...options(), disableRequestCompression: true });

/** The AWS CLI as a second reader: neither our code nor the SDK that wrote it. */
async function awsCli(...args: string[]): Promise<Record<string, unknown>> {
  const { accessKeyId, secretAccessKey } = exampleKeys;
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const child = spawn('aws', [...args, '--endpoint-url', moto.endpoint, '--region', region, '--output', 'json'], { env: environment });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => (stdout += part));
  child.stderr.on('data', (part) => (stderr += part));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(stderr);
  return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

async function alarmsByCli(...names: string[]): Promise<Record<string, unknown>[]> {
  const { MetricAlarms } = await awsCli('cloudwatch', 'describe-alarms', ...(names.length > 0 ? ['--alarm-names', ...names] : []));
  return MetricAlarms as Record<string, unknown>[];
}

async function report(
  metric: string,
  dimensions: Record<string, string>,
  values: { minutesAgo: number; value: number }[],
  namespace = 'AWS/EC2',
) {
  await cloudwatch().send(
    new PutMetricDataCommand({
      Namespace: namespace,
      MetricData: values.map(({ minutesAgo, value }) => ({
        MetricName: metric,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        Timestamp: new Date(Date.now() - minutesAgo * 60_000),
        Value: value,
      })),
    }),
  );
}

async function launch(...names: string[]): Promise<string[]> {
  const ec2 = new EC2Client(options());
  const ids: string[] = [];
  for (const name of names) {
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ImageId: 'ami-12c6146b',
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [
          {
            ResourceType: 'instance',
            Tags: [{ Key: 'Name', Value: name }, ...(name === 'stranger' ? [] : [{ Key: 'Project', Value: 'Ziggie' }])],
          },
        ],
      }),
    );
    ids.push(Instances?.[0]?.InstanceId ?? '');
  }
  return ids;
}

describe('alarms', () => {
  it('are made by one argument, as the AWS CLI reads them, also where nothing has reported yet', async () => {
    expect(outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }))).toEqual({
      name: 'ziggie-ec2-high-cpu',
      region,
      created: true,
      rule: 'CPUUtilization Average > 80 for 2 × 300 s',
      warnings: [expect.stringMatching(/AWS\/EC2 CPUUtilization \(no dimensions\) has not reported/)],
    });
    const [alarm] = await alarmsByCli('ziggie-ec2-high-cpu');
    expect(alarm).toMatchObject({
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Statistic: 'Average',
      Period: 300,
      Threshold: 80,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 2,
    });
    const { Tags } = await awsCli('cloudwatch', 'list-tags-for-resource', '--resource-arn', String(alarm?.AlarmArn));
    expect(Tags).toEqual([{ Key: 'Project', Value: 'Ziggie' }]);
  });

  it('are made for one instance by name and id, and whatever else is given overrides the preset', async () => {
    const [id = ''] = await launch('web');
    await report('CPUUtilization', { InstanceId: id }, [{ minutesAgo: 5, value: 3 }]);
    const topic = `arn:aws:sns:${region}:123456789012:ops`;
    outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu', id, notify: [topic] }));
    expect((await alarmsByCli())[0]).toMatchObject({
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Statistic: 'Average',
      Period: 300,
      EvaluationPeriods: 2,
      Threshold: 80,
      ComparisonOperator: 'GreaterThanThreshold',
      Dimensions: [{ Name: 'InstanceId', Value: id }],
      AlarmActions: [topic],
    });
    const again = { name: 'ziggie-ec2-high-cpu', id, threshold: 95, periods: 3, periodSeconds: 60, comparison: '>=', statistic: 'Maximum' };
    expect(outputOf(await road.call('monitoring_put_alarm', again))).toMatchObject({
      created: false,
      rule: 'CPUUtilization Maximum >= 95 for 3 × 60 s',
    });
    expect(await alarmsByCli()).toMatchObject([
      { Threshold: 95, EvaluationPeriods: 3, Period: 60, Statistic: 'Maximum', AlarmActions: [topic] },
    ]);
  });

  it('are refused on a metric that never reported, unless that is meant', async () => {
    await report('CPUUtilization', { InstanceId: 'i-0123456789abcdef0', Core: '1' }, [{ minutesAgo: 5, value: 3 }]);
    const input = { name: 'quiet', id: 'i-0123456789abcdef0', metric: 'CPUUtilization', comparison: '>', threshold: 1 };
    const error = errorOf(await road.call('monitoring_put_alarm', input));
    expect(error).toMatchObject({ code: 'target_unresolved', effect: 'none', provider: { code: 'MetricNeverReported' } });
    expect(error.message).toContain('AWS/EC2 CPUUtilization (InstanceId=i-0123456789abcdef0)');
    expect(error.remedy).toMatch(/allowSilent/);
    expect(await alarmsByCli()).toEqual([]);
    const made = outputOf(await road.call('monitoring_put_alarm', { ...input, allowSilent: true }));
    expect(made.warnings).toEqual([expect.stringMatching(/has not reported/)]);
    expect(await alarmsByCli()).toHaveLength(1);
  });

  it('are planned without being made or changed', async () => {
    const fresh = outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu', dryRun: true }));
    expect(fresh).toMatchObject({
      created: false,
      plan: { current: {}, change: { rule: expect.stringMatching(/> 80/), notify: 'nobody' } },
    });
    expect(await alarmsByCli()).toEqual([]);
    outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }));
    const change = outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu', threshold: 60, dryRun: true }));
    expect(change.plan).toMatchObject({
      current: { rule: expect.stringMatching(/> 80/) },
      change: { rule: expect.stringMatching(/> 60/) },
    });
    expect(outputOf(await road.call('monitoring_delete_alarm', { name: 'ziggie-ec2-high-cpu', dryRun: true })).plan).toMatchObject({
      change: { rule: 'deleted' },
    });
    expect(await alarmsByCli()).toMatchObject([{ Threshold: 80 }]);
  });

  it('are deleted once a person has approved it', async () => {
    outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }));
    const asked = errorOf(await road.call('monitoring_delete_alarm', { name: 'ziggie-ec2-high-cpu' }));
    expect(asked.code).toBe('approval_required');
    road.approve(asked.approval?.id ?? '');
    expect(outputOf(await road.call('monitoring_delete_alarm', { name: 'ziggie-ec2-high-cpu' }))).toMatchObject({
      rule: expect.stringMatching(/> 80 for 2 × 300 s/),
    });
    expect(await alarmsByCli()).toEqual([]);
    expect(errorOf(await road.call('monitoring_delete_alarm', { name: 'ziggie-ec2-high-cpu' }))).toMatchObject({
      code: 'target_unresolved',
      provider: { code: 'ResourceNotFound' },
      remedy: expect.stringMatching(/monitoring_list_alarms/),
    });
  });

  it('are not taken over when they act on machines', async () => {
    const stop = `arn:aws:automate:${region}:ec2:terminate`;
    const rule = {
      MetricName: 'CPUUtilization',
      Namespace: 'AWS/EC2',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      Statistic: 'Average' as const,
    };
    await cloudwatch().send(
      new PutMetricAlarmCommand({ AlarmName: 'armed', ...rule, ComparisonOperator: 'LessThanThreshold', OKActions: [stop] }),
    );
    const change = { metric: 'CPUUtilization', namespace: 'AWS/EC2', comparison: '>', threshold: 0, allowSilent: true };
    const armed = errorOf(await road.call('monitoring_put_alarm', { name: 'armed', ...change }));
    expect(armed).toMatchObject({ code: 'provider_conflict', effect: 'none', provider: { code: 'AlarmHasActions' } });
    expect(await alarmsByCli('armed')).toMatchObject([{ Threshold: 1, OKActions: [stop] }]);
    const { alarms } = outputOf(await road.call('monitoring_list_alarms', {}));
    expect(alarms).toMatchObject([{ name: 'armed', rule: 'CPUUtilization Average < 1 for 1 × 300 s' }]);
  });

  it('are listed by prefix and by state, page by page', async () => {
    for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) {
      const rule = { metric: 'Errors', namespace: 'AWS/Lambda', dimensions: { FunctionName: 'ziggie-report' }, allowSilent: true };
      outputOf(await road.call('monitoring_put_alarm', { name, ...rule, comparison: '>', threshold: 0.5, statistic: 'Sum', periods: 1 }));
    }
    await awsCli('cloudwatch', 'set-alarm-state', '--alarm-name', 'a-2', '--state-value', 'ALARM', '--state-reason', 'test');
    const first = outputOf(await road.call('monitoring_list_alarms', { prefix: 'a-', limit: 2 }));
    expect(first.alarms).toMatchObject([
      { name: 'a-1', rule: 'Errors Sum > 0.5 for 1 × 300 s (AWS/Lambda, FunctionName=ziggie-report)', region },
      { name: 'a-2', state: 'alarm', since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
    ]);
    const second = outputOf(await road.call('monitoring_list_alarms', { prefix: 'a-', limit: 2, cursor: first.nextCursor }));
    expect(second).toMatchObject({ alarms: [{ name: 'a-3' }] });
    expect(second).not.toHaveProperty('nextCursor');
    expect(outputOf(await road.call('monitoring_list_alarms', { state: 'alarm' })).alarms).toMatchObject([{ name: 'a-2' }]);
  });

  it('need a place when they could be made in several', async () => {
    const two = await roadOver(newAws({ endpoint: moto.endpoint, accounts: [mainAccount({ regions: [region, 'eu-west-1'] })] }));
    try {
      expect(errorOf(await two.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }))).toMatchObject({
        code: 'target_unresolved',
        message: expect.stringContaining('main/eu-north-1, main/eu-west-1'),
        remedy: expect.stringMatching(/region/),
      });
      const there = { name: 'ziggie-ec2-high-cpu', region: 'eu-west-1' };
      expect(outputOf(await two.call('monitoring_put_alarm', there))).toMatchObject({ region: 'eu-west-1', created: true });
      // Now there is one, and it is meant.
      const change = { name: 'ziggie-ec2-high-cpu', threshold: 70 };
      expect(outputOf(await two.call('monitoring_put_alarm', change))).toMatchObject({ region: 'eu-west-1', created: false });
    } finally {
      await two.close();
    }
  });
});

interface Body {
  widgets: { type: string; properties: { title?: string; markdown?: string; metrics?: string[][]; alarms?: string[]; region?: string } }[];
}
async function dashboardByCli(name = 'ziggie-fleet'): Promise<Body> {
  const { DashboardBody } = await awsCli('cloudwatch', 'get-dashboard', '--dashboard-name', name);
  return JSON.parse(String(DashboardBody)) as Body;
}

describe('the dashboard', () => {
  it('shows CPU, status checks, network and alarms of each tagged instance, and follows the fleet', async () => {
    const [web = '', db = ''] = await launch('web', 'db', 'stranger');
    outputOf(
      await road.call('monitoring_put_alarm', {
        name: 'web-cpu',
        id: web,
        metric: 'CPUUtilization',
        comparison: '>',
        threshold: 80,
        allowSilent: true,
      }),
    );
    outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }));
    expect(outputOf(await road.call('monitoring_put_dashboard', { dryRun: true }))).toMatchObject({ changed: true, plan: { current: {} } });
    await expect(dashboardByCli()).rejects.toThrow();

    const first = outputOf(await road.call('monitoring_put_dashboard', {}));
    expect(first).toMatchObject({ name: 'ziggie-fleet', changed: true, instances: 2, widgets: 9 });
    const { widgets } = await dashboardByCli();
    const of = (id: string) => widgets.filter(({ properties }) => properties.title?.includes(id));
    expect(of(web).flatMap(({ properties }) => properties.metrics ?? [])).toEqual(
      ['CPUUtilization', 'StatusCheckFailed', 'NetworkIn', 'NetworkOut'].map((metric) => ['AWS/EC2', metric, 'InstanceId', web]),
    );
    expect(of(web).flatMap(({ properties }) => properties.alarms ?? [])).toEqual([expect.stringMatching(/:alarm:web-cpu$/)]);
    expect(of(web).every(({ properties }) => properties.title?.startsWith('web ('))).toBe(true);
    expect(of(db).map(({ type }) => type)).toEqual(['metric', 'metric', 'metric']);
    expect(widgets[0]?.properties.markdown).toMatch(/2 instances tagged Project=Ziggie/);
    expect(widgets[1]?.properties.alarms).toEqual([expect.stringMatching(/:alarm:ziggie-ec2-high-cpu$/)]);

    expect(outputOf(await road.call('monitoring_put_dashboard', {}))).toMatchObject({ changed: false, instances: 2 });
    await new EC2Client(options()).send(new TerminateInstancesCommand({ InstanceIds: [db] }));
    expect(outputOf(await road.call('monitoring_put_dashboard', {}))).toMatchObject({ changed: true, instances: 1, widgets: 6 });
    expect(JSON.stringify(await dashboardByCli())).not.toContain(db);
  });

  it('is the same however the fleet was read, and of no instances at all', async () => {
    expect(outputOf(await road.call('monitoring_put_dashboard', { name: 'empty' }))).toMatchObject({
      changed: true,
      instances: 0,
      widgets: 1,
    });
    expect(outputOf(await road.call('monitoring_put_dashboard', { name: 'empty' }))).toMatchObject({ changed: false });
  });

  it('leaves one alone that a person made', async () => {
    const body = JSON.stringify({ widgets: [{ type: 'text', x: 0, y: 0, width: 3, height: 3, properties: { markdown: 'mine' } }] });
    await awsCli('cloudwatch', 'put-dashboard', '--dashboard-name', 'mine', '--dashboard-body', body);
    expect(errorOf(await road.call('monitoring_put_dashboard', { name: 'mine' }))).toMatchObject({
      code: 'provider_conflict',
      effect: 'none',
      provider: { code: 'DashboardNameTaken' },
    });
    expect((await dashboardByCli('mine')).widgets).toHaveLength(1);
  });

  it('covers the regions of the account', async () => {
    const [near = ''] = await launch('near');
    const far = new EC2Client({ ...options(), region: 'eu-west-1' });
    await far.send(
      new RunInstancesCommand({
        ImageId: 'ami-12c6146b',
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Project', Value: 'Ziggie' }] }],
      }),
    );
    const there = (await far.send(new DescribeInstancesCommand({}))).Reservations?.[0]?.Instances?.[0]?.InstanceId ?? '';
    const two = await roadOver(newAws({ endpoint: moto.endpoint, accounts: [mainAccount({ regions: [region, 'eu-west-1'] })] }));
    try {
      expect(outputOf(await two.call('monitoring_put_dashboard', {}))).toMatchObject({ instances: 2 });
    } finally {
      await two.close();
    }
    const { widgets } = await dashboardByCli();
    const regionOf = (id: string) => widgets.find(({ properties }) => properties.metrics?.[0]?.includes(id))?.properties.region;
    expect([regionOf(near), regionOf(there)]).toEqual([region, 'eu-west-1']);
  });
});

describe('metrics', () => {
  it('of several instances come in one call, and what is silent is named', async () => {
    const ids = ['i-0123456789abcdef0', 'i-0123456789abcdef1'];
    const [a = '', b = ''] = ids;
    await report('CPUUtilization', { InstanceId: a }, [
      { minutesAgo: 90, value: 10 },
      { minutesAgo: 30, value: 20.123456 },
    ]);
    await report('NetworkIn', { InstanceId: b }, [{ minutesAgo: 30, value: 1_000 }]);
    const output = outputOf(await road.call('monitoring_get_metrics', { ids, metrics: ['CPUUtilization', 'NetworkIn'], points: 6 }));
    expect(output).toMatchObject({ region, periodSeconds: 1_800 });
    expect(output.series).toMatchObject([
      { metric: 'CPUUtilization', of: a, latest: 20.12, min: 10, max: 20.12 },
      { metric: 'NetworkIn', of: b, latest: 1_000 },
    ]);
    expect(output.silent).toEqual([`NetworkIn ${a}`, `CPUUtilization ${b}`]);
  });

  it('of other things go by one dimension, and are thinned to what was asked', async () => {
    await report(
      'Depth',
      { Queue: 'jobs' },
      Array.from({ length: 170 }, (_, index) => ({ minutesAgo: index + 5, value: index })),
      'Ziggie',
    );
    const input = { namespace: 'Ziggie', dimension: 'Queue', values: ['jobs'], metrics: ['Depth'], statistic: 'Maximum' };
    for (const points of [1, 7, 30]) {
      const { series } = outputOf(await road.call('monitoring_get_metrics', { ...input, points })) as {
        series: { values: unknown[]; max: number }[];
      };
      expect(series[0]?.values.length).toBeLessThanOrEqual(points);
      expect(series[0]?.max).toBeGreaterThan(100);
    }
  });
});

describe('logs', () => {
  const group = '/aws/lambda/ziggie-report';
  beforeEach(async () => {
    const logs = new CloudWatchLogsClient(options());
    await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: 's' }));
    const logEvents = ['starting', 'ERROR disk full', 'ending'].map((message, index) => ({
      timestamp: Date.now() - 5_000 + index * 1_000,
      message,
    }));
    await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: 's', logEvents }));
  });

  it('are filtered by a pattern, newest first', async () => {
    expect(outputOf(await road.call('logs_query', { group, pattern: 'ERROR' }))).toEqual({
      region,
      status: 'complete',
      rows: [{ '@timestamp': expect.stringMatching(/Z$/), '@logStream': 's', '@message': 'ERROR disk full' }],
    });
    const { rows } = outputOf(await road.call('logs_query', { group, pattern: '' })) as { rows: Record<string, string>[] };
    expect(rows.map((row) => row['@message'])).toEqual(['ending', 'ERROR disk full', 'starting']);
  });

  it('are queried, and rows have no handles', async () => {
    const query = 'fields @timestamp, @message | sort @timestamp desc | limit 2';
    const result = await road.call('logs_query', { group, query });
    const { rows, status } = outputOf(result) as { rows: Record<string, string>[]; status: string };
    expect(status).toBe('complete');
    expect(rows.map((row) => row['@message'])).toEqual(['ending', 'ERROR disk full']);
    expect(rows.every((row) => !('@ptr' in row))).toBe(true);
    expect(result.ok && result.untrusted).toContain('rows');
  });

  it.each([{ query: 'fields @message' }, { pattern: 'x' }])('say which group there is not (%j)', async (how) => {
    expect(errorOf(await road.call('logs_query', { group: '/none', ...how }))).toMatchObject({
      code: 'target_unresolved',
      effect: 'none',
      message: expect.stringContaining('/none in main/eu-north-1'),
      provider: { code: 'ResourceNotFoundException' },
    });
  });
});
