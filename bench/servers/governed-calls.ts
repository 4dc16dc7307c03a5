import { Call } from '../../src/call/call.ts';
import { createInvoke, type Road } from '../../src/call/invoke.ts';
import type { AuditPort } from '../../src/ports/audit.ts';
import type { InstanceTarget, Resolved } from '../../src/ports/domain.ts';
import { fakeCompute, fakeResolvers, toolInput, toolName } from '../fake-instance.ts';
import { median, percentile } from '../figures.ts';
import { openGovernedRoad } from '../governed-road.ts';
import { answerMessages } from '../processes.ts';

export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}
export interface CallCosts {
  /** The cloud alone: finding the target and asking for it. */
  readonly port: Spread;
  readonly governed: Spread;
  /** The same road with a journal that writes nothing. */
  readonly unrecorded: Spread;
}

const warmUp = 500;
/** The three take turns, so that a busy moment of the machine falls on all of them. */
const turns = 5;
const callsPerTurn = 500;

const { road, principal, close } = await openGovernedRoad();
const request = { principal, tool: toolName, input: toolInput, client: 'bench' };

function over(of: Road): () => Promise<void> {
  const invoke = createInvoke(of);
  return async () => {
    const result = await invoke(request);
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  };
}

async function askPort(): Promise<void> {
  const scope = new Call(request, Date.now(), road.redactor).scope();
  const {
    targets: [target],
  } = await fakeResolvers.Instance({ type: 'Instance', id: toolInput.id }, scope);
  await fakeCompute.get(target as Resolved<InstanceTarget>, scope);
}

async function time(call: () => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let made = 0; made < count; made += 1) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  return times;
}

async function measure(): Promise<CallCosts> {
  const { audit } = road;
  const silent: AuditPort = {
    append: async () => {},
    search: (query) => audit.search(query),
    approvalSpent: (id) => audit.approvalSpent(id),
    health: () => audit.health(),
  };
  const ways = [askPort, over(road), over({ ...road, audit: silent })] as const;
  const taken: [number[][], number[][], number[][]] = [[], [], []];
  for (const way of ways) await time(way, warmUp);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, way] of ways.entries()) taken[index]?.push(await time(way, callsPerTurn));
  }
  const [port, governed, unrecorded] = taken;
  return { port: spread(port), governed: spread(governed), unrecorded: spread(unrecorded) };
}

/** Of each turn, and of those the middle one: a moment in which the machine did something else does not become the p99. */
function spread(taken: readonly number[][]): Spread {
  const of = (share: number) => median(taken.map((times) => percentile(times, share)));
  return { p50Ms: of(0.5), p99Ms: of(0.99) };
}

answerMessages(async () => ({ ...(await measure()) }), close);
