import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2';
import type { Severity } from '../../../ports/security.ts';
import { type AddressRange, parseCidr } from './cidr.ts';

/** What a rule of a security group lets in, from which addresses. */
export interface Opening {
  /** `tcp`, `udp`, `-1` for everything, or the number of another protocol. */
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  readonly sources: readonly { readonly cidr: string; readonly range: AddressRange }[];
}

const highest = 65_535;

/** Openings to addresses. Other security groups and prefix lists are named by whoever owns them, and are not addresses here; ping is harmless. */
export function openingsOf(group: SecurityGroup): Opening[] {
  return (group.IpPermissions ?? []).flatMap((permission) => {
    const protocol = protocolOf(permission);
    if (protocol === 'icmp') return [];
    const all = protocol !== 'tcp' && protocol !== 'udp';
    const sources = [
      ...(permission.IpRanges ?? []).map(({ CidrIp }) => CidrIp ?? ''),
      ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6 ?? ''),
    ].flatMap((cidr) => {
      const range = parseCidr(cidr);
      return range ? [{ cidr, range }] : [];
    });
    const from = all ? 0 : (permission.FromPort ?? 0);
    const to = all ? highest : (permission.ToPort ?? highest);
    return sources.length > 0 ? [{ protocol, from, to, sources }] : [];
  });
}

function protocolOf({ IpProtocol = '-1' }: IpPermission): string {
  const names: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmp', icmpv6: 'icmp' };
  return names[IpProtocol] ?? IpProtocol;
}

/** Ports that give whoever reaches them a machine. */
const administration: Readonly<Record<number, string>> = {
  22: 'SSH',
  23: 'Telnet',
  445: 'SMB',
  2375: 'Docker',
  3389: 'RDP',
  5900: 'VNC',
  5985: 'WinRM',
  5986: 'WinRM',
  10250: 'kubelet',
};
/** Ports that give whoever reaches them the data. */
const databases: Readonly<Record<number, string>> = {
  1433: 'SQL Server',
  1521: 'Oracle',
  2379: 'etcd',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  5984: 'CouchDB',
  6379: 'Redis',
  9042: 'Cassandra',
  9200: 'Elasticsearch',
  11211: 'memcached',
  27017: 'MongoDB',
};

/** The name of the rule that an opening breaks when everybody is let in; undefined for the web's own ports, which are meant for everybody. */
export function ruleFor({ protocol, from, to }: Opening): string | undefined {
  if (protocol === '-1') return 'all-traffic-open-to-world';
  if (protocol !== 'tcp' && protocol !== 'udp') return 'port-open-to-world';
  if (from <= 1 && to === highest) return 'all-traffic-open-to-world';
  const within = (ports: Readonly<Record<number, string>>) => Object.keys(ports).some((port) => from <= Number(port) && Number(port) <= to);
  if (from <= 22 && 22 <= to) return 'ssh-open-to-world';
  if (from <= 3389 && 3389 <= to) return 'rdp-open-to-world';
  if (within(administration)) return 'admin-port-open-to-world';
  if (within(databases)) return 'database-open-to-world';
  if (from === to && (from === 80 || from === 443)) return undefined;
  return 'port-open-to-world';
}

export function letsSshIn({ protocol, from, to }: Opening): boolean {
  return (protocol === '-1' || protocol === 'tcp') && from <= 22 && 22 <= to;
}

/** How near an opening is to the outside: an interface with a public address, one without, or none. */
export type Exposure = 'public' | 'private' | 'unattached';

export function severityOf(rule: string, exposure: Exposure): Severity {
  const [everything, sensitive, other] = severities[exposure];
  if (rule === 'all-traffic-open-to-world') return everything;
  return rule === 'port-open-to-world' ? other : sensitive;
}

const severities: Readonly<Record<Exposure, readonly [Severity, Severity, Severity]>> = {
  public: ['critical', 'critical', 'high'],
  private: ['critical', 'high', 'medium'],
  unattached: ['high', 'medium', 'low'],
};

/** `all traffic`, `tcp 22 (SSH)`, `tcp 8000-8100`. */
export function portsOf({ protocol, from, to }: Opening): string {
  if (protocol === '-1') return 'all traffic';
  if (protocol !== 'tcp' && protocol !== 'udp') return `protocol ${protocol}`;
  if (from !== to) return `${protocol} ${from}-${to}`;
  const name = administration[from] ?? databases[from];
  return `${protocol} ${from}${name ? ` (${name})` : ''}`;
}
