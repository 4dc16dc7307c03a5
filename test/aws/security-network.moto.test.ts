import { EC2 } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exampleKeys } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { about, findingOf, region, reviewNetwork, runFix } from './security-seed.ts';

let moto: Moto;
let ec2: EC2;
let vpc: string;
let subnet: string;

beforeAll(async () => {
  moto = await startMoto();
  ec2 = new EC2({ region, endpoint: moto.endpoint, credentials: exampleKeys });
}, 40_000);
afterAll(() => moto.close());

beforeEach(async () => {
  await moto.reset();
  vpc = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId ?? '';
  subnet = (await ec2.createSubnet({ VpcId: vpc, CidrBlock: '10.0.1.0/24' })).Subnet?.SubnetId ?? '';
});

const review = (sshRanges: string[] = []) =>
  reviewNetwork({ endpoint: moto.endpoint, security: { sshRanges, generatedPolicies: async () => ({}) } });

async function group(name: string, ...rules: { port?: number; to?: number; cidr?: string; cidr6?: string; protocol?: string }[]) {
  const { GroupId = '' } = await ec2.createSecurityGroup({ GroupName: name, Description: name, VpcId: vpc });
  for (const { port, to = port, cidr, cidr6, protocol = 'tcp' } of rules) {
    await ec2.authorizeSecurityGroupIngress({
      GroupId,
      IpPermissions: [
        {
          IpProtocol: protocol,
          ...(port === undefined ? {} : { FromPort: port, ToPort: to }),
          ...(cidr ? { IpRanges: [{ CidrIp: cidr }] } : {}),
          ...(cidr6 ? { Ipv6Ranges: [{ CidrIpv6: cidr6 }] } : {}),
        },
      ],
    });
  }
  return GroupId;
}

async function instance(groupId: string, isPublic: boolean): Promise<string> {
  const { Instances } = await ec2.runInstances({
    ImageId: 'ami-12c6146b',
    MinCount: 1,
    MaxCount: 1,
    SubnetId: subnet,
    SecurityGroupIds: [groupId],
  });
  const id = Instances?.[0]?.InstanceId ?? '';
  if (isPublic) {
    const { AllocationId } = await ec2.allocateAddress({ Domain: 'vpc' });
    await ec2.associateAddress({ AllocationId, InstanceId: id });
  }
  return id;
}

describe('ports open to the world', () => {
  it('are as severe as what stands behind them', async () => {
    const open = { port: 22, cidr: '0.0.0.0/0' };
    const [reached, inside, idle] = [await group('reached', open), await group('inside', open), await group('idle', open)];
    const [outer, inner] = [await instance(reached, true), await instance(inside, false)];
    const found = await review();
    expect(about(found, reached)).toEqual(['critical ssh-open-to-world']);
    expect(about(found, inside)).toEqual(['high ssh-open-to-world']);
    expect(about(found, idle)).toEqual(['medium ssh-open-to-world', 'low unused-security-group']);
    expect(findingOf(found, 'ssh-open-to-world', reached).evidence).toMatch(
      new RegExp(`^reached: tcp 22 \\(SSH\\) open to 0.0.0.0/0; attached to ${outer} \\(public [\\d.]+\\)$`),
    );
    expect(findingOf(found, 'ssh-open-to-world', inside).evidence).toContain(`attached to ${inner}`);
  });

  it.each([
    ['all traffic', { protocol: '-1', cidr: '0.0.0.0/0' }, 'critical all-traffic-open-to-world'],
    ['all ports', { port: 0, to: 65_535, cidr: '0.0.0.0/0' }, 'critical all-traffic-open-to-world'],
    ['RDP over IPv6', { port: 3389, cidr6: '::/0' }, 'critical rdp-open-to-world'],
    ['a database', { port: 5432, cidr: '0.0.0.0/0' }, 'critical database-open-to-world'],
    ['a range with a database in it', { port: 3000, to: 4000, cidr: '0.0.0.0/0' }, 'critical rdp-open-to-world'],
    ['Docker', { port: 2375, cidr: '0.0.0.0/0' }, 'critical admin-port-open-to-world'],
    ['another port', { port: 8080, cidr: '0.0.0.0/0' }, 'high port-open-to-world'],
    ['half of the world', { port: 22, cidr: '128.0.0.0/1' }, 'critical ssh-open-to-world'],
  ])('%s is found', async (_, rule, expected) => {
    const id = await group('web', rule);
    await instance(id, true);
    expect(about(await review(), id)).toEqual([expected]);
  });

  it.each([
    ['HTTPS', { port: 443, cidr: '0.0.0.0/0' }],
    ['HTTP over IPv6', { port: 80, cidr6: '::/0' }],
    ['ping', { port: -1, protocol: 'icmp', cidr: '0.0.0.0/0' }],
    ['a neighbour', { port: 5432, cidr: '10.0.0.0/8' }],
    ['one address', { port: 22, cidr: '203.0.113.7/32' }],
  ])('%s is none', async (_, rule) => {
    const id = await group('web', rule);
    await instance(id, true);
    expect(about(await review(), id)).toEqual([]);
  });

  it('are closed by their fix, for both families and nothing else', async () => {
    const id = await group('web', { port: 22, cidr: '0.0.0.0/0' }, { port: 22, cidr6: '::/0' }, { port: 22, cidr: '203.0.113.0/24' });
    await instance(id, true);
    const fixes = (await review()).findings.filter(({ resource }) => resource === id).map(({ fix }) => fix);
    for (const fix of fixes) await runFix(moto.endpoint, fix);
    expect(about(await review(), id)).toEqual([]);
    const left = (await ec2.describeSecurityGroups({ GroupIds: [id] })).SecurityGroups?.[0]?.IpPermissions ?? [];
    expect(left.flatMap(({ IpRanges = [] }) => IpRanges.map(({ CidrIp }) => CidrIp))).toEqual(['203.0.113.0/24']);
  });
});

describe('SSH', () => {
  it('from beyond the known ranges is found, from within them not', async () => {
    const known = await group('known', { port: 22, cidr: '203.0.113.0/25' });
    const strange = await group('strange', { port: 22, cidr: '203.0.113.0/23' });
    const other = await group('other', { port: 443, cidr: '198.51.100.0/24' });
    for (const each of [known, strange, other]) await instance(each, true);
    // Two halves cover a whole.
    const found = await review(['203.0.113.0/25', '203.0.113.128/25']);
    expect(about(found, known)).toEqual([]);
    expect(about(found, strange)).toEqual(['medium ssh-beyond-known-ranges']);
    expect(about(found, other)).toEqual([]);
    expect(findingOf(found, 'ssh-beyond-known-ranges').evidence).toContain('203.0.113.0/23');
    await runFix(moto.endpoint, findingOf(found, 'ssh-beyond-known-ranges').fix);
    expect(about(await review(['203.0.113.0/24']), strange)).toEqual([]);
  });

  it('is told once when everybody may come, and never when no ranges are known', async () => {
    const open = await group('open', { port: 22, cidr: '0.0.0.0/0' });
    const narrow = await group('narrow', { port: 22, cidr: '198.51.100.0/24' });
    for (const each of [open, narrow]) await instance(each, true);
    expect(about(await review(['203.0.113.0/24']), open)).toEqual(['critical ssh-open-to-world']);
    expect(about(await review(), narrow)).toEqual([]);
  });
});

describe('groups', () => {
  const fixOf = (found: Awaited<ReturnType<typeof review>>, id: string) => findingOf(found, 'unused-security-group', id).fix;
  it('that nothing carries and no other names are found, and deleted by their fix', async () => {
    const [unused, named, user] = [await group('unused'), await group('named'), await group('user')];
    await ec2.authorizeSecurityGroupIngress({
      GroupId: user,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: named }] }],
    });
    await instance(user, false);
    const found = await review();
    expect(about(found, unused)).toEqual(['low unused-security-group']);
    expect(about(found, named)).toEqual([]);
    expect(about(found, user)).toEqual([]);
    // What to look at first, and what to do then.
    const [, look = '', then = ''] = /^see that no launch template names it: (.*), then (.*)$/.exec(fixOf(found, unused)) ?? [];
    await runFix(moto.endpoint, look);
    await runFix(moto.endpoint, then);
    expect(about(await review(), unused)).toEqual([]);
  });

  it('called default are found when they let something in and are used', async () => {
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] });
    const id = SecurityGroups.find(({ GroupName }) => GroupName === 'default')?.GroupId ?? '';
    expect(about(await review(), id)).toEqual([]);
    await ec2.authorizeSecurityGroupIngress({
      GroupId: id,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
    });
    await instance(id, false);
    expect(about(await review(), id)).toEqual(['low default-group-in-use']);
  });
});

describe('a VPC', () => {
  it('without flow logs is found, one with them not', async () => {
    expect(about(await review(), vpc)).toEqual(['medium vpc-without-flow-logs']);
    await ec2.createFlowLogs({
      ResourceType: 'VPC',
      ResourceIds: [vpc],
      TrafficType: 'ALL',
      LogGroupName: 'flows',
      DeliverLogsPermissionArn: 'arn:aws:iam::123456789012:role/flows',
    });
    const found = await review();
    // moto lets the flow log fail, since there is no such log group.
    expect(about(found, vpc)).toEqual(['medium flow-logs-not-delivered']);
    expect(found.checked).toEqual(['open-ports', 'unused-groups', 'flow-logs']);
    expect(found.missing).toBeUndefined();
  });
});
