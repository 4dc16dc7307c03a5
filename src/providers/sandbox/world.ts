import type { Instance, InstanceStateName, StateReason, Tag } from '@aws-sdk/client-ec2';
import { type FleetMember, fleet } from './fleet.ts';

const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 } as const;

/** An instance as the sandbox keeps it: what EC2 would show, and what only EC2 knows. */
export interface Machine {
  readonly id: string;
  readonly region: string;
  readonly type: string;
  readonly image: string;
  readonly zone: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly subnet: string;
  readonly securityGroups: readonly string[];
  readonly launchedAt: Date;
  readonly tags: readonly Tag[];
  readonly isProtected: boolean;
  state: InstanceStateName;
  stateReason?: StateReason;
  /** The state that it is on its way to, and when it gets there (epoch milliseconds). */
  next?: { state: InstanceStateName; at: number };
}

export interface WorldOptions {
  /** Where the fleet lives. */
  readonly home: string;
  readonly now: () => number;
  /** How long an instance takes from one settled state to the next. */
  readonly settleMs: number;
}

/** The state of the sandbox cloud. Time passes by the clock that it was given: a transition that is due has happened when somebody looks. */
export class World {
  readonly now: () => number;
  readonly #settleMs: number;
  readonly #machines = new Map<string, Machine>();

  constructor({ home, now, settleMs }: WorldOptions) {
    this.now = now;
    this.#settleMs = settleMs;
    fleet.forEach((member, index) => {
      this.add(fromFleet(member, index, home, now()));
    });
  }

  add(machine: Machine): void {
    this.#machines.set(machine.id, machine);
  }

  find(region: string, id: string): Machine | undefined {
    const machine = this.#machines.get(id);
    return machine?.region === region ? this.#settled(machine) : undefined;
  }

  all(region: string): Machine[] {
    return [...this.#machines.values()].filter((machine) => machine.region === region).map((machine) => this.#settled(machine));
  }

  /** Sends a machine through a passing state to a lasting one. */
  move(machine: Machine, passing: InstanceStateName, lasting: InstanceStateName, stateReason?: StateReason): void {
    machine.state = passing;
    machine.stateReason = stateReason;
    machine.next = { state: lasting, at: this.now() + this.#settleMs };
  }

  #settled(machine: Machine): Machine {
    if (machine.next && this.now() >= machine.next.at) {
      machine.state = machine.next.state;
      machine.next = undefined;
    }
    return machine;
  }
}

/** A machine as `DescribeInstances` shows it. */
export function toInstance(machine: Machine): Instance {
  const isGone = machine.state === 'terminated';
  return {
    InstanceId: machine.id,
    ImageId: machine.image,
    InstanceType: machine.type as Instance['InstanceType'],
    LaunchTime: machine.launchedAt,
    Placement: { AvailabilityZone: machine.zone },
    State: { Name: machine.state, Code: stateCodes[machine.state] },
    StateReason: machine.stateReason,
    Tags: [...machine.tags],
    SecurityGroups: isGone ? [] : machine.securityGroups.map((GroupId) => ({ GroupId, GroupName: 'ziggie' })),
    PrivateIpAddress: isGone ? undefined : machine.privateIp,
    PublicIpAddress: machine.state === 'running' ? machine.publicIp : undefined,
    SubnetId: isGone ? undefined : machine.subnet,
    VpcId: isGone ? undefined : 'vpc-0a1b2c3d4e5f60001',
  };
}

/** @param now the fleet was launched on the days before */
function fromFleet(member: FleetMember, index: number, region: string, now: number): Machine {
  const tags: Record<string, string | undefined> = {
    Name: member.name || undefined,
    Project: member.environment && 'Ziggie',
    Environment: member.environment,
    Team: member.team,
    Role: member.role,
    Service: member.service,
    Protected: member.isProtected ? 'true' : undefined,
  };
  return {
    id: member.id,
    region,
    type: member.type,
    image: 'ami-0a1b2c3d4e5f60001',
    zone: `${region}${member.zone}`,
    privateIp: `10.0.1.${10 + index}`,
    // TEST-NET-3: addresses that lead nowhere.
    publicIp: member.role === 'web' ? `203.0.113.${10 + index}` : undefined,
    subnet: `subnet-0a1b2c3d4e5f6000${'abc'.indexOf(member.zone) + 1}`,
    securityGroups: ['sg-0a1b2c3d4e5f60001'],
    launchedAt: new Date(now - (index + 2) * 86_400_000),
    tags: Object.entries(tags).flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }])),
    isProtected: member.isProtected ?? false,
    state: member.state,
    ...(member.state === 'running'
      ? {}
      : { stateReason: { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: a person asked for it' } }),
  };
}
