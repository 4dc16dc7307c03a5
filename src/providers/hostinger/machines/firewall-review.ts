/** Invariant: what could not be read is named in `missing`; nothing that was not looked at passes as clean. */
import { CallError } from '../../../call/errors.ts';
import type { Finding, ReviewGap } from '../../../ports/security.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import { type AddressRange, isCovered, isWorld, parseCidr } from '../../aws/security/cidr.ts';
import { letsSshIn, type Opening, portsOf, ruleFor, severityOf } from '../../aws/security/ports-open.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { readPages } from '../api/lists.ts';
import { accountName, specOf } from './facts.ts';
import { openingOf } from './openings.ts';
import { readMachines } from './read.ts';
import { type Firewall, firewall as firewallShape, type Machine } from './shapes.ts';

/** What one provider adds to a review of networks. */
export interface ReviewPart {
  readonly findings: readonly Finding[];
  /** Checks that saw everything. */
  readonly checked: readonly string[];
  readonly missing: readonly ReviewGap[];
  /** Why nothing at all could be seen. */
  readonly error?: CallError;
}

const check = 'vps-firewalls';

/**
 * Firewalls of the machines: none, open to the world, SSH from elsewhere than expected, changes not brought to the machine.
 * Throws `cancelled`, and what is no `CallError`.
 * @param sshRanges where SSH is expected from (`203.0.113.0/24`); none: everywhere but the whole world
 */
export async function reviewFirewalls(
  api: HostingerApi,
  servers: readonly ServerSpec[],
  sshRanges: readonly string[],
  call: AskScope,
): Promise<ReviewPart> {
  const gap = (code: string, message: string): ReviewGap => ({ provider: 'hostinger', account: accountName, check, code, message });
  try {
    const [machines, { rows: firewalls, complete }] = await Promise.all([
      readMachines(api, call),
      readPages(api, { tool: 'VPS_getFirewallListV1' }, firewallShape, ({ id }) => id, call),
    ]);
    const known = sshRanges.flatMap((range) => parseCidr(range) ?? []);
    const findings = [
      ...machines.flatMap((machine) => bare(machine, servers)),
      ...firewalls.flatMap((firewall) => [...openings(firewall, machines, servers, known), ...unsynced(firewall, machines, servers)]),
    ];
    const unseen = machines.filter(({ firewall_group_id: id }) => id && !firewalls.some((firewall) => firewall.id === id));
    const missing = unseen.map(({ id, firewall_group_id }) =>
      gap('incomplete', `Firewall ${firewall_group_id} of machine ${id} is not in the list that Hostinger gives.`),
    );
    if (!complete)
      missing.push(
        gap('incomplete', 'The list of firewalls changed while it was read, or is longer than a review reads: some were not looked at.'),
      );
    return { findings, checked: missing.length === 0 ? [check] : [], missing };
  } catch (error) {
    if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
    return { findings: [], checked: [], missing: [gap(error.code, error.message)], error };
  }
}

function bare(machine: Machine, servers: readonly ServerSpec[]): Finding[] {
  if (machine.firewall_group_id || machine.state === 'destroyed') return [];
  return [
    {
      severity: 'high',
      rule: 'vps-without-firewall',
      resource: nameOf(machine, servers),
      evidence: 'no firewall of Hostinger stands before it: whatever listens there can be reached, unless the machine itself filters',
      fix: `hPanel, VPS, ${machine.hostname}, Firewall: make one that accepts only what is needed, and activate it`,
    },
  ];
}

function openings(
  firewall: Firewall,
  machines: readonly Machine[],
  servers: readonly ServerSpec[],
  known: readonly AddressRange[],
): Finding[] {
  const behind = machines.filter(({ firewall_group_id }) => firewall_group_id === firewall.id);
  const exposure = behind.length > 0 ? 'public' : 'unattached';
  const words = behind.length > 0 ? `before ${behind.map((machine) => nameOf(machine, servers)).join(', ')}` : 'active on no machine';
  const finding = (severity: Finding['severity'], rule: string, opening: Opening, evidence: string): Finding => ({
    severity,
    rule,
    resource: `firewall ${firewall.id}`,
    evidence: `${firewall.name}: ${portsOf(opening)} open to ${evidence}; ${words}`,
    fix: `hPanel, VPS, Firewall, ${firewall.name}: narrow the source of this rule, or remove it, and synchronize`,
  });
  return (firewall.rules ?? []).flatMap((line) => {
    const opening = openingOf(line);
    if (!opening) return [];
    const world = opening.sources.filter(({ range }) => isWorld(range));
    const rule = ruleFor(opening);
    if (world.length > 0 && rule) return [finding(severityOf(rule, exposure), rule, opening, cidrs(world))];
    const unexpected = opening.sources.filter(({ range }) => !isWorld(range) && !isCovered(range, known));
    if (known.length === 0 || unexpected.length === 0 || !letsSshIn(opening)) return [];
    const severity = behind.length > 0 ? 'medium' : 'low';
    return [finding(severity, 'ssh-beyond-known-ranges', opening, `${cidrs(unexpected)}, not among the known SSH ranges`)];
  });
}

function unsynced(firewall: Firewall, machines: readonly Machine[], servers: readonly ServerSpec[]): Finding[] {
  const behind = machines.filter(({ firewall_group_id }) => firewall_group_id === firewall.id);
  if (firewall.is_synced !== false || behind.length === 0) return [];
  return [
    {
      severity: 'medium',
      rule: 'firewall-not-synced',
      resource: `firewall ${firewall.id}`,
      evidence: `${firewall.name} was changed, and ${behind.map((machine) => nameOf(machine, servers)).join(', ')} still has the rules from before`,
      fix: `hPanel, VPS, Firewall, ${firewall.name}: Synchronize`,
    },
  ];
}

function cidrs(sources: Opening['sources']): string {
  return sources.map(({ cidr }) => cidr).join(', ');
}

function nameOf({ id, hostname }: Machine, servers: readonly ServerSpec[]): string {
  return `${specOf(servers, id)?.name ?? hostname} (${id})`;
}
