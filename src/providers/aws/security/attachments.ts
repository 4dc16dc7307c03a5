import type { NetworkInterface } from '@aws-sdk/client-ec2';
import { enumerate } from './commands.ts';
import type { Exposure } from './ports-open.ts';

/** What stands behind a network interface that carries a security group. */
interface Attachment {
  /** Instance id, or the interface's own when something else of AWS uses it. */
  readonly id: string;
  readonly publicAddress?: string;
}

/** Attachments by security group. */
export type Attachments = ReadonlyMap<string, readonly Attachment[]>;

export function attachmentsOf(interfaces: readonly NetworkInterface[]): Attachments {
  const byGroup = new Map<string, Attachment[]>();
  for (const each of interfaces) {
    // Secondary private addresses may have public ones too; every global IPv6 address can be reached from outside.
    const associations = [each, ...(each.PrivateIpAddresses ?? [])].flatMap(({ Association }) => Association?.PublicIp ?? []);
    const publicAddress = associations[0] ?? each.Ipv6Addresses?.[0]?.Ipv6Address;
    const attachment: Attachment = {
      id: each.Attachment?.InstanceId ?? each.NetworkInterfaceId ?? 'an interface',
      ...(publicAddress ? { publicAddress } : {}),
    };
    for (const { GroupId = '' } of each.Groups ?? []) byGroup.set(GroupId, [...(byGroup.get(GroupId) ?? []), attachment]);
  }
  return byGroup;
}

/** How exposed a group is by what carries it, in words too. Unknown attachments count as the worst. */
export function exposureOf(group: string, attachments: Attachments | undefined): { exposure: Exposure; words: string } {
  if (!attachments) return { exposure: 'public', words: 'what it is attached to could not be read' };
  const carriers = attachments.get(group) ?? [];
  if (carriers.length === 0) return { exposure: 'unattached', words: 'attached to nothing' };
  const names = carriers.map(({ id, publicAddress }) => (publicAddress ? `${id} (public ${publicAddress})` : id));
  return {
    exposure: carriers.some(({ publicAddress }) => publicAddress) ? 'public' : 'private',
    words: `attached to ${enumerate([...new Set(names)])}`,
  };
}
