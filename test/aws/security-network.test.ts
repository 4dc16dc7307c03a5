import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { about, findingOf, reviewNetwork } from './security-seed.ts';
import { type SecurityStub, startSecurityStub } from './security-stub.ts';

/** What moto cannot be made to do: refuse one question of several, never come to an end, or give an interface another owner. */

let stub: SecurityStub;
beforeAll(async () => {
  stub = await startSecurityStub();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.reset();
  stub.on('DescribeSecurityGroups', groups());
  stub.on('DescribeNetworkInterfaces', '<networkInterfaceSet/>');
  stub.on('DescribeVpcs', '<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>');
  stub.on('DescribeFlowLogs', '<flowLogSet/>');
});

const groups = (extra = '', port = 22) =>
  `<securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>${port}</fromPort><toPort>${port}</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissions></item></securityGroupInfo>${extra}`;
const denied = { status: 403, code: 'UnauthorizedOperation' };
const review = () => reviewNetwork({ endpoint: stub.endpoint });

describe('a part that cannot be read', () => {
  it('makes open ports count as the worst, and says why', async () => {
    stub.on('DescribeNetworkInterfaces', denied);
    const found = await review();
    expect(about(found, 'sg-1')).toEqual(['critical ssh-open-to-world']);
    expect(findingOf(found, 'ssh-open-to-world').evidence).toContain('could not be read');
    expect(found.checked).toEqual(['flow-logs']);
    expect(found.missing?.map(({ check, code, region }) => [check, code, region])).toEqual([
      ['open-ports', 'provider_denied', 'eu-north-1'],
      ['unused-groups', 'provider_denied', 'eu-north-1'],
    ]);
  });

  it('is not taken for flow logs that are missing', async () => {
    stub.on('DescribeFlowLogs', denied);
    const found = await review();
    expect(found.findings.map(({ rule }) => rule)).not.toContain('vpc-without-flow-logs');
    expect(found.missing).toEqual([expect.objectContaining({ check: 'flow-logs', code: 'provider_denied' })]);
  });

  it('is the end of a list that never ends: nothing is called unused, and open ports are told', async () => {
    stub.on('DescribeNetworkInterfaces', '<networkInterfaceSet/><nextToken>more</nextToken>');
    const found = await review();
    expect(about(found, 'sg-1')).toEqual(['critical ssh-open-to-world']);
    expect(found.missing?.map(({ check, code }) => [check, code])).toEqual([
      ['open-ports', 'incomplete'],
      ['unused-groups', 'incomplete'],
    ]);
    expect(stub.asked.filter((each) => each === 'DescribeNetworkInterfaces')).toHaveLength(10);
  });

  it.each([
    ['security groups', 'DescribeSecurityGroups', groups('<nextToken>more</nextToken>'), ['open-ports', 'unused-groups']],
    ['flow logs', 'DescribeFlowLogs', '<flowLogSet/><nextToken>more</nextToken>', ['flow-logs']],
  ])('is named when there are too many %s', async (_, operation, answer, checks) => {
    stub.on(operation, answer);
    const found = await review();
    expect(found.missing?.map(({ check, code }) => [check, code])).toEqual(checks.map((check) => [check, 'incomplete']));
    for (const check of checks) expect(found.checked).not.toContain(check);
    const conclusions = { 'unused-groups': 'unused-security-group', 'flow-logs': 'vpc-without-flow-logs' };
    const drawn = found.findings.map(({ rule }) => rule);
    for (const [check, rule] of Object.entries(conclusions)) expect(drawn.includes(rule)).toBe(!checks.includes(check));
  });
});

describe('an interface that is no instance', () => {
  it.each([
    [
      'has a public IPv6 address',
      '<ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet>',
      'high port-open-to-world',
    ],
    [
      'has a public address beside a second private one',
      '<privateIpAddressesSet><item><privateIpAddress>10.0.0.1</privateIpAddress></item><item><privateIpAddress>10.0.0.2</privateIpAddress><association><publicIp>203.0.113.9</publicIp></association></item></privateIpAddressesSet>',
      'high port-open-to-world',
    ],
    ['has a private one', '', 'medium port-open-to-world'],
  ])('is told by its own id when it %s', async (_, address, expected) => {
    const item = `<item><networkInterfaceId>eni-1</networkInterfaceId><groupSet><item><groupId>sg-1</groupId></item></groupSet>${address}</item>`;
    stub.on('DescribeSecurityGroups', groups('', 8080));
    stub.on('DescribeNetworkInterfaces', `<networkInterfaceSet>${item}</networkInterfaceSet>`);
    const found = await review();
    expect(about(found, 'sg-1')).toEqual([expected]);
    expect(findingOf(found, 'port-open-to-world').evidence).toContain('attached to eni-1');
  });
});

describe('a group that nothing carries', () => {
  it('may still be named by a launch template, which its fix looks at first', async () => {
    expect(findingOf(await review(), 'unused-security-group').fix).toMatch(
      /^see that no launch template names it: aws ec2 describe-launch-template-versions .*, then aws ec2 delete-security-group --group-id sg-1 /,
    );
  });
});
