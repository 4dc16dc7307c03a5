/**
 * Every request that is made of Hostinger: the name of the tool in Hostinger's own MCP server, which says what may be sent, and the
 * method and path under the API's address. What is not here cannot be asked for: no purchase, no deletion of a machine, no password.
 */
export const operations = {
  VPS_getVirtualMachinesV1: 'GET /api/vps/v1/virtual-machines',
  VPS_getVirtualMachineDetailsV1: 'GET /api/vps/v1/virtual-machines/{virtualMachineId}',
  VPS_startVirtualMachineV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/start',
  VPS_stopVirtualMachineV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/stop',
  VPS_restartVirtualMachineV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/restart',
  VPS_getActionDetailsV1: 'GET /api/vps/v1/virtual-machines/{virtualMachineId}/actions/{actionId}',
  VPS_getMetricsV1: 'GET /api/vps/v1/virtual-machines/{virtualMachineId}/metrics',
  VPS_getSnapshotV1: 'GET /api/vps/v1/virtual-machines/{virtualMachineId}/snapshot',
  VPS_createSnapshotV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/snapshot',
  VPS_restoreSnapshotV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/snapshot/restore',
  VPS_getBackupsV1: 'GET /api/vps/v1/virtual-machines/{virtualMachineId}/backups',
  VPS_restoreBackupV1: 'POST /api/vps/v1/virtual-machines/{virtualMachineId}/backups/{backupId}/restore',
  VPS_getFirewallListV1: 'GET /api/vps/v1/firewall',
  DNS_getDNSRecordsV1: 'GET /api/dns/v1/zones/{domain}',
  DNS_updateDNSRecordsV1: 'PUT /api/dns/v1/zones/{domain}',
  DNS_deleteDNSRecordsV1: 'DELETE /api/dns/v1/zones/{domain}',
  DNS_validateDNSRecordsV1: 'POST /api/dns/v1/zones/{domain}/validate',
  DNS_getDNSSnapshotListV1: 'GET /api/dns/v1/snapshots/{domain}',
  DNS_getDNSSnapshotV1: 'GET /api/dns/v1/snapshots/{domain}/{snapshotId}',
  DNS_restoreDNSSnapshotV1: 'POST /api/dns/v1/snapshots/{domain}/{snapshotId}/restore',
  domains_getDomainListV1: 'GET /api/domains/v1/portfolio',
  billing_getSubscriptionListV1: 'GET /api/billing/v1/subscriptions',
} as const;

export type HostingerTool = keyof typeof operations;

type Names<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type PathNames<T extends HostingerTool> = Names<(typeof operations)[T]>;

/** A request by the name of its tool; its type asks for exactly the parameters that its path has. */
export type HostingerRequest<T extends HostingerTool = HostingerTool> = T extends HostingerTool
  ? {
      readonly tool: T;
      readonly query?: Readonly<Record<string, string | number>>;
      readonly body?: object;
    } & ([PathNames<T>] extends [never] ? { readonly path?: never } : { readonly path: Readonly<Record<PathNames<T>, string | number>> })
  : never;

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/vps/v1/virtual-machines/{virtualMachineId}` */
  readonly template: string;
  /** `vps`, `dns`, `domains` or `billing`: what shares a circuit. */
  readonly group: string;
}

export function operationOf(tool: HostingerTool): Operation {
  const [method, template] = operations[tool].split(' ') as [Operation['method'], string];
  return { method, template, group: template.split('/')[2] ?? '' };
}
