import type { SecurityGroup } from '@aws-sdk/client-ec2';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { type Attachments, attachmentsOf, exposureOf } from './attachments.ts';
import { type AddressRange, isCovered, isWorld } from './cidr.ts';
import { awsCommand, enumerate, toolCall } from './commands.ts';
import { type NetworkFacts, networkFacts, watches } from './network-facts.ts';
import { letsSshIn, type Opening, openingsOf, portsOf, ruleFor, severityOf } from './ports-open.ts';
import type { Check, Report } from './review.ts';

/** The checks of one region's network. */
export function networkChecks({ sender }: AwsContext, scope: Scope, known: readonly AddressRange[], call: CallScope): Check[] {
  const facts = networkFacts(sender, scope, call);
  const check = (name: string, run: Check['run']): Check => ({ name, scope, regional: true, run });
  return [
    check('open-ports', (report) => openPorts(facts, scope, known, report)),
    check('unused-groups', (report) => unusedGroups(facts, scope, report)),
    check('flow-logs', (report) => flowLogs(facts, scope, report)),
  ];
}

/** Who may come in: everybody, or SSH from elsewhere than expected; and default groups that are used for something. */
async function openPorts(facts: NetworkFacts, scope: Scope, known: readonly AddressRange[], report: Report): Promise<void> {
  const groups = await facts.groups();
  if (!groups.complete) report.tooMuch('security groups');
  const attachments = await attachmentsIfKnown(facts, report);
  for (const group of groups.items) {
    for (const opening of openingsOf(group)) {
      reportWorld(group, opening, attachments, scope, report);
      reportUnexpectedSsh(group, opening, known, attachments, scope, report);
    }
    reportDefault(group, attachments, scope, report);
  }
}

/** Undefined, and a gap, when the interfaces could not be read: what is open is worth telling all the same. */
async function attachmentsIfKnown(facts: NetworkFacts, report: Report): Promise<Attachments | undefined> {
  try {
    const { items, complete } = await facts.interfaces();
    if (complete) return attachmentsOf(items);
    report.tooMuch('network interfaces');
  } catch (error) {
    report.gap(error);
  }
  return undefined;
}

function reportWorld(group: SecurityGroup, opening: Opening, attachments: Attachments | undefined, scope: Scope, report: Report): void {
  const world = { ...opening, sources: opening.sources.filter(({ range }) => isWorld(range)) };
  const rule = ruleFor(opening);
  if (world.sources.length === 0 || !rule) return;
  const { exposure, words } = exposureOf(idOf(group), attachments);
  report.find({
    severity: severityOf(rule, exposure),
    rule,
    resource: idOf(group),
    region: scope.region,
    evidence: `${group.GroupName}: ${portsOf(opening)} open to ${cidrs(world)}; ${words}`,
    fix: revoke(group, world, scope),
  });
}

function reportUnexpectedSsh(
  group: SecurityGroup,
  opening: Opening,
  known: readonly AddressRange[],
  attachments: Attachments | undefined,
  scope: Scope,
  report: Report,
): void {
  if (known.length === 0 || !letsSshIn(opening)) return;
  const sources = opening.sources.filter(({ range }) => !isWorld(range) && !isCovered(range, known));
  if (sources.length === 0) return;
  const { exposure, words } = exposureOf(idOf(group), attachments);
  const unexpected = { ...opening, sources };
  report.find({
    severity: exposure === 'unattached' ? 'low' : 'medium',
    rule: 'ssh-beyond-known-ranges',
    resource: idOf(group),
    region: scope.region,
    evidence: `${group.GroupName}: ${portsOf(opening)} open to ${cidrs(unexpected)}, not among the known SSH ranges; ${words}`,
    fix: revoke(group, unexpected, scope),
  });
}

function reportDefault(group: SecurityGroup, attachments: Attachments | undefined, scope: Scope, report: Report): void {
  if (group.GroupName !== 'default' || !group.IpPermissions?.length || !attachments?.has(idOf(group))) return;
  const { words } = exposureOf(idOf(group), attachments);
  report.find({
    severity: 'low',
    rule: 'default-group-in-use',
    resource: idOf(group),
    region: scope.region,
    evidence: `the default group of ${group.VpcId} lets traffic in and is ${words}`,
    fix: `give each a group of its own: ${awsCommand(scope, 'ec2', 'modify-instance-attribute', '--instance-id', 'INSTANCE', '--groups', 'GROUP')}`,
  });
}

/** Groups that no interface carries and no other group names. Default groups cannot be deleted. */
async function unusedGroups(facts: NetworkFacts, scope: Scope, report: Report): Promise<void> {
  const [groups, interfaces] = await Promise.all([facts.groups(), facts.interfaces()]);
  // What is unused can only be told by whoever has seen everything.
  if (!groups.complete || !interfaces.complete) return report.tooMuch('security groups or network interfaces');
  const attachments = attachmentsOf(interfaces.items);
  const templates = awsCommand(scope, 'ec2', 'describe-launch-template-versions', '--versions', '$Latest', '$Default');
  const named = new Set(groups.items.flatMap((group) => namedBy(group)));
  for (const group of groups.items) {
    if (group.GroupName === 'default' || attachments.has(idOf(group)) || named.has(idOf(group))) continue;
    report.find({
      severity: 'low',
      rule: 'unused-security-group',
      resource: idOf(group),
      region: scope.region,
      evidence: `${group.GroupName}: on no network interface, and named by no other group`,
      fix: `see that no launch template names it: ${templates}, then ${awsCommand(scope, 'ec2', 'delete-security-group', '--group-id', idOf(group))}`,
    });
  }
}

function namedBy(group: SecurityGroup): string[] {
  return [...(group.IpPermissions ?? []), ...(group.IpPermissionsEgress ?? [])]
    .flatMap(({ UserIdGroupPairs }) => UserIdGroupPairs ?? [])
    .flatMap(({ GroupId }) => (GroupId && GroupId !== group.GroupId ? [GroupId] : []));
}

async function flowLogs(facts: NetworkFacts, scope: Scope, report: Report): Promise<void> {
  const [vpcs, logs] = await Promise.all([facts.vpcs(), facts.flowLogs()]);
  if (!vpcs.complete || !logs.complete) return report.tooMuch('VPCs or flow logs');
  for (const { VpcId: vpc = '' } of vpcs.items) {
    const own = logs.items.filter((log) => watches(log, vpc));
    const failing = own.filter(({ DeliverLogsStatus }) => DeliverLogsStatus === 'FAILED');
    if (own.length === 0) {
      report.find({
        severity: 'medium',
        rule: 'vpc-without-flow-logs',
        resource: vpc,
        region: scope.region,
        evidence: 'no flow log of the VPC is active',
        fix: toolCall('security_enable_flow_logs', { vpc, region: scope.region, account: scope.account.name }),
      });
    } else if (failing.length === own.length) {
      const [{ FlowLogId = '', DeliverLogsErrorMessage = 'no reason given' } = {}] = failing;
      report.find({
        severity: 'medium',
        rule: 'flow-logs-not-delivered',
        resource: vpc,
        region: scope.region,
        evidence: `${FlowLogId} cannot deliver: ${DeliverLogsErrorMessage}`,
        fix: `${awsCommand(scope, 'ec2', 'delete-flow-logs', '--flow-log-ids', FlowLogId)}, then ${toolCall('security_enable_flow_logs', { vpc, region: scope.region, account: scope.account.name })}`,
      });
    }
  }
}

function idOf({ GroupId = '' }: SecurityGroup): string {
  return GroupId;
}

function cidrs({ sources }: Opening): string {
  return enumerate(sources.map(({ cidr }) => cidr));
}

function revoke(group: SecurityGroup, { protocol, from, to, sources }: Opening, scope: Scope): string {
  const list = (family: 4 | 6) => sources.filter(({ range }) => range.family === family).map(({ cidr }) => cidr);
  const ranges = (name: string, member: string, cidrs: string[]) =>
    cidrs.length > 0 ? [`${name}=[${cidrs.map((cidr) => `{${member}=${cidr}}`).join(',')}]`] : [];
  const ports = protocol === 'tcp' || protocol === 'udp' ? [`FromPort=${from}`, `ToPort=${to}`] : [];
  const permission = [
    `IpProtocol=${protocol}`,
    ...ports,
    ...ranges('IpRanges', 'CidrIp', list(4)),
    ...ranges('Ipv6Ranges', 'CidrIpv6', list(6)),
  ].join(',');
  return awsCommand(scope, 'ec2', 'revoke-security-group-ingress', '--group-id', idOf(group), '--ip-permissions', permission);
}
