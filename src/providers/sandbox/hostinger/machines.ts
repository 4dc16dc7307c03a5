import { type Answer, type Asked, found, paged, problem, type Routes } from './routes.ts';

export interface SandboxServer {
  readonly name: string;
  readonly id: number;
  readonly ip: string;
}

interface Action {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly endsAt: number;
  /** State of the machine meanwhile and afterwards. */
  readonly during: string;
  readonly after: string;
}

interface Machine extends SandboxServer {
  readonly index: number;
  action?: Action;
  readonly actions: Action[];
  state: string;
  snapshotAt: number | undefined;
}

const dayMs = 86_400_000;
const iso = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** Machines that run when the sandbox starts, the first behind a firewall and with a snapshot. */
export function createMachineRoutes(options: { servers: readonly SandboxServer[]; now: () => number; settleMs: number }): Routes {
  const { servers, now, settleMs } = options;
  const bornAt = now();
  const machines = new Map<string, Machine>(
    servers.map((server, index) => [
      String(server.id),
      { ...server, index, actions: [], state: 'running', snapshotAt: index === 0 ? bornAt - 3 * dayMs : undefined },
    ]),
  );
  let actions = 8_123_712;

  const settle = (machine: Machine): Machine => {
    if (machine.action && machine.action.endsAt <= now()) {
      machine.state = machine.action.after;
      delete machine.action;
    }
    return machine;
  };

  const on =
    (answer: (machine: Machine, asked: Asked) => Answer) =>
    (asked: Asked): Answer => {
      const machine = machines.get(asked.path.virtualMachineId ?? '');
      return machine ? answer(settle(machine), asked) : problem(404, 'Virtual machine not found.');
    };

  const act = (
    name: string,
    during: string,
    after: (state: string) => string,
    done?: (machine: Machine, asked: Asked) => Answer | undefined,
  ) =>
    on((machine, asked) => {
      if (machine.action) return problem(423, 'Virtual machine is locked by another action.');
      const refused = done?.(machine, asked);
      if (refused) return refused;
      actions += 1;
      const at = now();
      const action = { id: actions, name, createdAt: at, endsAt: at + settleMs, during, after: after(machine.state) };
      machine.action = action;
      machine.actions.push(action);
      return found(actionResource(action));
    });

  const actionResource = ({ id, name, createdAt, endsAt }: Action) => {
    const done = endsAt <= now();
    return { id, name, state: done ? 'success' : 'sent', created_at: iso(createdAt), updated_at: iso(done ? endsAt : createdAt) };
  };

  const resource = (machine: Machine) => {
    const { id, name, ip, index, action, state } = settle(machine);
    return {
      id,
      firewall_group_id: index === 0 ? 65_224 : null,
      subscription_id: `AzZXkT${id}`,
      data_center_id: 19,
      plan: index === 0 ? 'KVM 4' : 'KVM 2',
      hostname: `${name}.ziggie.example`,
      state: action?.during ?? state,
      actions_lock: action ? 'locked' : 'unlocked',
      cpus: index === 0 ? 4 : 2,
      memory: index === 0 ? 16_384 : 8_192,
      disk: index === 0 ? 204_800 : 102_400,
      bandwidth: 1_073_741_824,
      ns1: '192.0.2.53',
      ns2: null,
      ipv4: [{ id: 52_347 + index, address: ip, ptr: null }],
      ipv6: [],
      template: { id: 1_077, name: 'Debian 13', description: 'A plain operating system', documentation: null },
      created_at: iso(bornAt - 90 * dayMs),
    };
  };

  const backups = ({ id }: Machine) =>
    [1, 8].map((days) => ({
      id: id * 10 + (days === 1 ? 2 : 1),
      size: 4_194_304,
      restore_time: 900,
      location: 'nl-srv-backups',
      created_at: iso(bornAt - days * dayMs),
    }));

  const firewalls = () => [
    {
      id: 65_224,
      name: 'web',
      is_synced: true,
      rules: [
        { id: 1, action: 'accept', protocol: 'SSH', port: '22', source: 'any', source_detail: 'any' },
        { id: 2, action: 'accept', protocol: 'HTTPS', port: '443', source: 'any', source_detail: 'any' },
      ],
      created_at: iso(bornAt - 60 * dayMs),
      updated_at: iso(bornAt - 30 * dayMs),
    },
  ];

  return {
    VPS_getVirtualMachinesV1: () => found([...machines.values()].map(resource)),
    VPS_getVirtualMachineDetailsV1: on((machine) => found(resource(machine))),
    VPS_startVirtualMachineV1: act('ct_start', 'starting', () => 'running'),
    VPS_stopVirtualMachineV1: act('ct_stop', 'stopping', () => 'stopped'),
    VPS_restartVirtualMachineV1: act('ct_restart', 'stopping', () => 'running'),
    VPS_getActionDetailsV1: on(({ actions: own }, { path }) => {
      const action = own.find(({ id }) => String(id) === path.actionId);
      return action ? found(actionResource(action)) : problem(404, 'Action not found.');
    }),
    VPS_getMetricsV1: on((machine, { query }) => metrics(machine, query)),
    VPS_getSnapshotV1: on(({ snapshotAt }) =>
      snapshotAt === undefined
        ? problem(404, 'Snapshot not found.')
        : found({ id: 325, restore_time: 300, created_at: iso(snapshotAt), expires_at: iso(snapshotAt + 20 * dayMs) }),
    ),
    VPS_createSnapshotV1: act(
      'snapshot_create',
      'running',
      (state) => state,
      (machine) => {
        machine.snapshotAt = now();
        return undefined;
      },
    ),
    VPS_restoreSnapshotV1: act(
      'snapshot_restore',
      'restoring',
      () => 'running',
      ({ snapshotAt }) => (snapshotAt === undefined ? problem(404, 'Snapshot not found.') : undefined),
    ),
    VPS_getBackupsV1: on((machine, asked) => paged(backups(machine), asked)),
    VPS_restoreBackupV1: act(
      'backup_restore',
      'restoring',
      () => 'running',
      (machine, { path }) =>
        backups(machine).some(({ id }) => String(id) === path.backupId) ? undefined : problem(404, 'Backup not found.'),
    ),
    VPS_getFirewallListV1: (asked) => paged(firewalls(), asked),
  };
}

/** A value every five minutes, the same for the same time. */
function metrics({ id }: Machine, query: URLSearchParams): Answer {
  const everyS = 300;
  const from = Math.ceil(Date.parse(query.get('date_from') ?? '') / 1_000 / everyS) * everyS;
  const to = Date.parse(query.get('date_to') ?? '') / 1_000;
  if (Number.isNaN(from) || Number.isNaN(to))
    return problem(422, 'The given data was invalid.', { date_from: ['The date from is not a valid date.'] });
  const series = (unit: string, value: (at: number) => number) => {
    const usage: Record<string, number> = {};
    for (let at = from; at <= to; at += everyS) usage[String(at)] = value(at);
    return { unit, usage };
  };
  const wave = (at: number) => (Math.sin(at / 3_600 + id) + 1) / 2;
  return found({
    cpu_usage: series('%', (at) => Math.round(wave(at) * 300) / 10),
    ram_usage: series('bytes', (at) => Math.round(2_147_483_648 + wave(at) * 536_870_912)),
    disk_space: series('bytes', () => 26_843_545_600),
    outgoing_traffic: series('bytes', (at) => Math.round(wave(at) * 4_000_000)),
    incoming_traffic: series('bytes', (at) => Math.round(wave(at) * 1_000_000)),
    uptime: series('milliseconds', (at) => (at % 8_640_000) * 1_000),
  });
}
