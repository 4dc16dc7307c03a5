import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlarmSpec } from '../../src/ports/monitoring.ts';
import { monitoringPutAlarm } from '../../src/tools/monitoring/put-alarm.ts';
import { errorOf, outputOf } from '../call/harness.ts';
import { accountsOf, failure, mainAccount, newAws, newCall, resolved, sandboxAws } from './harness.ts';
import { type MonitoringStub, type StubAnswer, startMonitoringStub } from './monitoring-stub.ts';
import { roadOver } from './road.ts';

let stub: MonitoringStub;
let aws: ReturnType<typeof newAws>;
beforeAll(async () => {
  stub = await startMonitoringStub();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.requests.length = 0;
  aws = newAws({ endpoint: stub.endpoint });
});

const metricAlarm = (name: string, more: object = {}) => ({
  AlarmName: name,
  AlarmArn: `arn:aws:cloudwatch:eu-north-1:123456789012:alarm:${name}`,
  StateValue: 'OK',
  MetricName: 'CPUUtilization',
  Namespace: 'AWS/EC2',
  Statistic: 'Average',
  Period: 300,
  EvaluationPeriods: 2,
  Threshold: 80,
  ComparisonOperator: 'GreaterThanThreshold',
  ...more,
});
const alarms = (...MetricAlarms: object[]): StubAnswer => ({ json: { MetricAlarms, CompositeAlarms: [] } });
const tags = (...Tags: object[]): StubAnswer => ({ json: { Tags } });
const spec: AlarmSpec = {
  ...{ namespace: 'AWS/EC2', metric: 'CPUUtilization', dimensions: { InstanceId: 'i-0123456789abcdef0' }, statistic: 'Average' },
  ...{ comparison: '>', threshold: 50, periodSeconds: 300, periods: 1, allowSilent: true },
};

async function alarmOf(name: string, mayBeAbsent = false) {
  const { targets } = await aws.resolvers.Alarm({ type: 'Alarm', name, mayBeAbsent }, newCall());
  if (!targets[0]) throw new Error('no alarm');
  return resolved(targets[0]);
}

describe('resolving', () => {
  it('gives the live facts of an alarm, with its tags', async () => {
    stub.answer({ DescribeAlarms: alarms(metricAlarm('a')), ListTagsForResource: tags({ Key: 'Project', Value: 'Ziggie' }, { Key: 'x' }) });
    expect(await alarmOf('a')).toEqual({
      ...{ type: 'Alarm', id: 'a', name: 'a', provider: 'aws', account: 'main', accountId: '123456789012', region: 'eu-north-1' },
      ...{ exists: true, tags: { Project: 'Ziggie', x: '' } },
    });
    expect(stub.sent('DescribeAlarms')).toMatchObject([{ AlarmNames: ['a'], AlarmTypes: ['MetricAlarm', 'CompositeAlarm', 'LogAlarm'] }]);
  });

  it('takes absence for a fact only where that is said', async () => {
    stub.answer({ DescribeAlarms: alarms() });
    expect(await alarmOf('a', true)).toMatchObject({ exists: false, tags: {}, accountId: '123456789012' });
    expect(await failure(alarmOf('a'))).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'ResourceNotFound' } } });
  });

  it('asks for the place of a new alarm where there are several, unless there is one of that name', async () => {
    aws = newAws({ endpoint: stub.endpoint, accounts: [mainAccount({ regions: ['eu-north-1', 'eu-west-1'] })] });
    stub.answer({ DescribeAlarms: alarms() });
    const error = await failure(alarmOf('a', true));
    expect(error).toMatchObject({ code: 'target_unresolved', message: expect.stringContaining('main/eu-north-1, main/eu-west-1') });
    expect(error.details.remedy).toMatch(/region/);
    const { targets } = await aws.resolvers.Alarm({ type: 'Alarm', name: 'a', mayBeAbsent: true, region: 'eu-west-1' }, newCall());
    expect(targets).toMatchObject([{ region: 'eu-west-1', exists: false }]);
  });

  it('takes no answer of something else for absence', async () => {
    stub.answer({ DescribeAlarms: { json: {} } });
    expect((await failure(alarmOf('a', true))).code).toBe('provider_unavailable');
  });

  it('takes no other alarm for the one that is named', async () => {
    stub.answer({ DescribeAlarms: alarms(metricAlarm('A'), metricAlarm('ab')), ListTagsForResource: tags() });
    expect((await failure(alarmOf('a'))).code).toBe('target_unresolved');
  });

  it('refuses an alarm of another account than the configuration says', async () => {
    aws = newAws({ endpoint: stub.endpoint, accounts: [mainAccount({ accountId: '999999999999' })] });
    stub.answer({ DescribeAlarms: alarms(metricAlarm('a')), ListTagsForResource: tags() });
    expect((await failure(alarmOf('a'))).code).toBe('provider_not_configured');
  });

  it('fails when the tags cannot be read: policy decides on them', async () => {
    stub.answer({ DescribeAlarms: alarms(metricAlarm('a')), ListTagsForResource: { error: 'AccessDeniedException', status: 403 } });
    expect((await failure(alarmOf('a'))).code).toBe('provider_denied');
  });
});

describe('replacing an alarm', () => {
  const put = async (existing: object, more: Partial<AlarmSpec> = {}, call = newCall()) => {
    stub.answer({
      DescribeAlarms: alarms(existing),
      ListTagsForResource: tags(),
      ListMetrics: { json: { Metrics: [] } },
      PutMetricAlarm: { json: {} },
    });
    return aws.monitoring.putAlarm(await alarmOf('a'), { ...spec, ...more }, call);
  };
  const topic = 'arn:aws:sns:eu-north-1:123456789012:ops';

  it('keeps what it notifies, says and does with missing data, and sends no tags', async () => {
    const kept = {
      ...{ AlarmDescription: 'words', ActionsEnabled: false, AlarmActions: [topic], OKActions: [topic], TreatMissingData: 'breaching' },
    };
    const call = newCall();
    await put(metricAlarm('a', { ...kept, DatapointsToAlarm: 2, Unit: 'Percent' }), {}, call);
    const [sent] = stub.sent('PutMetricAlarm');
    expect(sent).toMatchObject({ ...kept, Threshold: 50 });
    for (const key of ['Tags', 'DatapointsToAlarm', 'Unit']) expect(sent).not.toHaveProperty(key);
    expect(call.attempts).toEqual(['applied']);
  });

  it.each([{ notify: [topic] }, {}])('says that actions which are switched off notify nobody (%j)', async (more) => {
    const existing = metricAlarm('a', { ActionsEnabled: false, AlarmActions: [topic] });
    for (const dryRun of [true, false]) {
      const { warnings } = await put(existing, { ...more, allowSilent: true }, newCall({ dryRun }));
      expect(warnings).toContainEqual(expect.stringContaining('notifies nobody'));
    }
    const { warnings } = await put(existing, { notify: [] });
    expect(warnings).toHaveLength(1);
  });

  it('notifies others when the spec says so', async () => {
    await put(metricAlarm('a', { AlarmActions: [topic] }), { notify: [] });
    expect(stub.sent('PutMetricAlarm')).toMatchObject([{ AlarmActions: [] }]);
  });

  it.each(['AlarmActions', 'OKActions', 'InsufficientDataActions'])('leaves one alone that acts on a machine (%s)', async (kind) => {
    const call = newCall();
    const error = await failure(put(metricAlarm('a', { [kind]: [topic, 'arn:aws:automate:eu-north-1:ec2:stop'] }), {}, call));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'AlarmHasActions' } } });
    expect(error.message).toContain('arn:aws:automate:eu-north-1:ec2:stop');
    expect(call.attempts).toEqual([]);
  });

  it('leaves one of another kind alone', async () => {
    const composite = { AlarmName: 'a', AlarmArn: metricAlarm('a').AlarmArn, AlarmRule: 'ALARM("b")' };
    stub.answer({ DescribeAlarms: { json: { MetricAlarms: [], CompositeAlarms: [composite] } }, ListTagsForResource: tags() });
    expect(await failure(aws.monitoring.putAlarm(await alarmOf('a'), spec, newCall()))).toMatchObject({
      code: 'provider_conflict',
      details: { provider: { code: 'AlarmNameTaken' } },
    });
  });

  it('looks for the metric on every page, and takes no wider one for it', async () => {
    const wider = { Dimensions: [{ Name: 'InstanceId' }, { Name: 'Core' }] };
    const exact = { Dimensions: [{ Name: 'InstanceId' }] };
    stub.answer({
      DescribeAlarms: alarms(),
      PutMetricAlarm: { json: {} },
      ListMetrics: (_, before) => ({ json: before === 0 ? { Metrics: [wider], NextToken: 't' } : { Metrics: [wider, exact] } }),
    });
    const made = await aws.monitoring.putAlarm(await alarmOf('a', true), { ...spec, allowSilent: false }, newCall());
    expect(made).not.toHaveProperty('warnings');
    expect(stub.sent('ListMetrics')).toMatchObject([{ MetricName: 'CPUUtilization' }, { NextToken: 't' }]);
    expect(stub.sent('PutMetricAlarm')).toMatchObject([{ Tags: [{ Key: 'Project', Value: 'Ziggie' }] }]);
  });

  it('refuses a metric that never reported, and warns when that is meant', async () => {
    stub.answer({ DescribeAlarms: alarms(), ListMetrics: { json: { Metrics: [] } }, PutMetricAlarm: { json: {} } });
    const call = newCall();
    const error = await failure(aws.monitoring.putAlarm(await alarmOf('a', true), { ...spec, allowSilent: false }, call));
    expect(error).toMatchObject({ code: 'target_unresolved', details: { provider: { code: 'MetricNeverReported' } } });
    expect(call.attempts).toEqual([]);
    const { warnings } = await aws.monitoring.putAlarm(await alarmOf('a', true), spec, newCall());
    expect(warnings).toEqual([expect.stringMatching(/^AWS\/EC2 CPUUtilization \(InstanceId=i-0123456789abcdef0\) has not reported/)]);
  });

  it('is planned, and so is deleting it, without a change', async () => {
    const call = newCall({ dryRun: true });
    const { plan } = await put(metricAlarm('a', { AlarmActions: [topic] }), { notify: [] }, call);
    expect(plan).toEqual({
      current: { rule: 'CPUUtilization Average > 80 for 2 × 300 s', notify: topic },
      change: { rule: 'CPUUtilization Average > 50 for 1 × 300 s', notify: 'nobody' },
      providerChecked: false,
    });
    expect(await aws.monitoring.deleteAlarm(await alarmOf('a'), call)).toMatchObject({ plan: { change: { rule: 'deleted' } } });
    expect(call.attempts).toEqual([]);
    expect(stub.requests.map(({ action }) => action)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(Put|Delete)/)]));
  });

  it('at the end of a quota, or gone in between, is said as that', async () => {
    stub.answer({ DescribeAlarms: alarms(), ListMetrics: { json: { Metrics: [] } }, PutMetricAlarm: { error: 'LimitExceededFault' } });
    const call = newCall();
    const error = await failure(aws.monitoring.putAlarm(await alarmOf('a', true), spec, call));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { remedy: expect.stringMatching(/quota in eu-north-1/) } });
    expect(call.ledger.effect()).toBe('none');
    stub.answer({
      DescribeAlarms: alarms(metricAlarm('a')),
      ListTagsForResource: tags(),
      DeleteAlarms: { error: 'ResourceNotFound', status: 404 },
    });
    expect((await failure(aws.monitoring.deleteAlarm(await alarmOf('a'), newCall()))).code).toBe('provider_not_found');
  });
});

describe('the rule of an alarm in one line', () => {
  it.each([
    [{}, 'CPUUtilization Average > 80 for 2 × 300 s'],
    [
      { EvaluationPeriods: 5, DatapointsToAlarm: 3, ComparisonOperator: 'LessThanOrEqualToThreshold' },
      'CPUUtilization Average <= 80 for 3 of 5 × 300 s',
    ],
    [{ Statistic: undefined, ExtendedStatistic: 'p99', Namespace: 'AWS/ELB' }, 'CPUUtilization p99 > 80 for 2 × 300 s (AWS/ELB)'],
    [
      {
        Dimensions: [
          { Name: 'InstanceId', Value: 'i-1' },
          { Name: 'Disk', Value: '/' },
        ],
      },
      'CPUUtilization Average > 80 for 2 × 300 s (Disk=/)',
    ],
    [
      { MetricName: undefined, Period: undefined, Metrics: [{ Id: 'a' }, { Id: 'b', Expression: 'a*2', Period: 60, ReturnData: true }] },
      'a*2 > 80 for 2 × 60 s',
    ],
    [
      { Metrics: [{ Id: 'a', ReturnData: true, MetricStat: { Metric: { MetricName: 'M', Namespace: 'N' }, Period: 60, Stat: 'Sum' } }] },
      'M Sum > 80 for 2 × 60 s (N)',
    ],
    [
      { Threshold: undefined, ComparisonOperator: 'GreaterThanUpperThreshold' },
      'CPUUtilization Average above the expected band for 2 × 300 s',
    ],
    [{ EvaluationCriteria: { PromQLCriteria: { Query: 'up == 0' } } }, 'PromQL up == 0'],
  ])('%j', async (more, rule) => {
    stub.answer({ DescribeAlarms: alarms(metricAlarm('a', more)) });
    const { alarms: rows } = await aws.monitoring.alarms(
      (await accountsOf(aws, { type: 'Account' }, newCall())).map(resolved),
      { limit: 25 },
      newCall(),
    );
    expect(rows.map((row) => row.rule)).toEqual([rule]);
  });

  it('is told of log and composite alarms too, in pages as the service gives them', async () => {
    const log = {
      AlarmName: 'l',
      StateValue: 'ALARM',
      ScheduledQueryConfiguration: { AggregationExpression: 'count(*)' },
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
    };
    const composite = {
      AlarmName: 'c',
      StateValue: 'INSUFFICIENT_DATA',
      AlarmRule: 'ALARM("b")',
      StateTransitionedTimestamp: 1_700_000_000,
    };
    stub.answer({
      DescribeAlarms: (input) => ({
        json: input.NextToken
          ? { MetricAlarms: [], CompositeAlarms: [composite], LogAlarms: [log] }
          : { MetricAlarms: [metricAlarm('a')], NextToken: 't' },
      }),
    });
    const road = await roadOver(aws);
    try {
      const first = outputOf(await road.call('monitoring_list_alarms', { limit: 1, state: 'ok', prefix: 'p' }));
      expect(first).toMatchObject({ alarms: [{ name: 'a', state: 'ok' }] });
      expect(stub.sent('DescribeAlarms')).toMatchObject([{ MaxRecords: 1, StateValue: 'OK', AlarmNamePrefix: 'p' }]);
      const second = outputOf(await road.call('monitoring_list_alarms', { cursor: first.nextCursor }));
      expect(second.alarms).toEqual([
        { name: 'c', state: 'insufficient_data', since: '2023-11-14T22:13:20Z', rule: 'ALARM("b")', region: 'eu-north-1' },
        { name: 'l', state: 'alarm', rule: 'log query count(*) > 5', region: 'eu-north-1' },
      ]);
    } finally {
      await road.close();
    }
  });
});

it('25 alarms cost under 2,000 tokens', async () => {
  const many = Array.from({ length: 25 }, (_, index) => {
    const Dimensions = [{ Name: 'InstanceId', Value: `i-0a1b2c3d4e5f6${String(index).padStart(4, '0')}` }];
    return metricAlarm(`ziggie-web-${index}-high-cpu`, { Dimensions, StateTransitionedTimestamp: 1_700_000_000 + index });
  });
  stub.answer({ DescribeAlarms: alarms(...many) });
  const road = await roadOver(aws);
  try {
    const output = outputOf(await road.call('monitoring_list_alarms', {}));
    expect(output.alarms).toHaveLength(25);
    expect(encode(JSON.stringify(output)).length).toBeLessThan(2_000);
  } finally {
    await road.close();
  }
});

describe('the arguments of an alarm', () => {
  const parse = (input: object) => monitoringPutAlarm.input.safeParse(input);
  const check = (input: object) => monitoringPutAlarm.check?.(parse(input).data);
  const whole = { name: 'a', namespace: 'N', metric: 'M', comparison: '>', threshold: 0 };

  it('say what is missing', () => {
    expect(check({ name: 'a' })).toBe(
      'the alarm needs namespace, metric, comparison, threshold (only the name ziggie-ec2-high-cpu needs nothing else)',
    );
    expect(check({ name: 'a', id: 'i-0123456789abcdef0' })).toMatch(/needs metric, comparison, threshold /);
    expect(check({ name: 'ziggie-ec2-high-cpu' })).toBeUndefined();
    expect(check(whole)).toBeUndefined();
  });

  it.each([
    [10, 1, true],
    [20, 4_320, true],
    [20, 4_321, false],
    [60, 1_440, true],
    [300, 288, true],
    [300, 289, false],
    [3_540, 25, false],
    [3_600, 168, true],
    [3_600, 169, false],
    [45, 1, false],
    [90, 1, false],
    [604_800, 1, true],
  ])('%i s × %i fit a window: %s', (periodSeconds, periods, fits) => {
    expect(parse({ ...whole, periodSeconds, periods }).success && check({ ...whole, periodSeconds, periods }) === undefined).toBe(fits);
  });

  it.each([
    'arn:aws:automate:eu-north-1:ec2:terminate',
    'arn:aws:swf:eu-north-1:123456789012:stop',
    'arn:aws:lambda:eu-north-1:123456789012:function:f',
    'ops',
    'arn:aws:sns:eu-north-1:1:ops',
  ])('name topics and nothing that acts: %s', (action) => {
    expect(parse({ ...whole, notify: [action] }).success).toBe(false);
    expect(parse({ ...whole, notify: ['arn:aws:sns:eu-north-1:123456789012:ops'] }).success).toBe(true);
  });

  it('are no longer than CloudWatch takes, and not empty', () => {
    expect(parse({ ...whole, name: 'x'.repeat(255), dimensions: { D: 'x'.repeat(1_024) } }).success).toBe(true);
    for (const bad of [{ name: 'x'.repeat(256) }, { name: '' }, { metric: '' }, { dimensions: { D: '' } }, { dimensions: { '': 'v' } }]) {
      expect(parse({ ...whole, ...bad }).success).toBe(false);
    }
  });

  it('put any metric of the instances in the preset, or another namespace in its place', async () => {
    stub.answer({ DescribeAlarms: alarms(), ListMetrics: { json: { Metrics: [{}] } }, PutMetricAlarm: { json: {} } });
    const road = await roadOver(aws);
    try {
      const put = async (more: object) => outputOf(await road.call('monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu', ...more })).rule;
      expect(await put({ metric: 'NetworkIn', statistic: 'Sum' })).toBe('NetworkIn Sum > 80 for 2 × 300 s');
      expect(await put({ namespace: 'Ours' })).toBe('CPUUtilization Average > 80 for 2 × 300 s (Ours)');
    } finally {
      await road.close();
    }
  });
});

describe('in the sandbox', () => {
  it.each([
    ['monitoring_list_alarms', {}],
    ['monitoring_put_alarm', { name: 'ziggie-ec2-high-cpu' }],
    ['monitoring_delete_alarm', { name: 'a' }],
    ['monitoring_put_dashboard', {}],
    ['logs_query', { group: '/g', query: 'fields @message' }],
  ])('%s says that it is not there', async (tool, input) => {
    const road = await roadOver(sandboxAws());
    try {
      const error = errorOf(await road.call(tool, input));
      expect(error).toMatchObject({ code: 'provider_not_configured', effect: 'none', provider: { code: 'NotInSandbox' } });
      expect(error.remedy).toMatch(/without --sandbox/);
    } finally {
      await road.close();
    }
  });
});
