import { createHash } from 'node:crypto';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { encodeCursor } from '../src/providers/aws/cursor.ts';
import { fleet } from '../src/providers/sandbox/index.ts';
import { operations } from '../src/tools/index.ts';
import { atMost, type Benchmark, below, median } from './figures.ts';
import { preparePair } from './pair.ts';
import type { Started } from './stdio-client.ts';

/** The coordinator, whose toolsets are all of them, comes last. */
const starterAgents = ['agent-marcus', 'agent-chen', 'agent-ziggie'];
const pageRows = 25;

/** What the definitions and the longest list cost an agent, counted in o200k_base. */
export const tokens: Benchmark = {
  name: 'tokens',
  async run(scratch) {
    const pair = await preparePair(scratch);
    const lists: Started['tools'][] = [];
    for (const agent of starterAgents) {
      const started = await pair.ours(agent);
      lists.push(started.tools);
      await started.stop();
    }
    const offered = lists.map(count);
    // The coordinator's toolsets are all, and no policy hides a tool from it.
    const all = lists.at(-1) ?? [];
    const listed = operations.filter((operation) => operation.listed).length;
    if (all.length !== listed) throw new Error(`the coordinator is offered ${all.length} of ${listed} tools`);
    const perTool = all.map(count);
    const longest = String(all[perTool.indexOf(Math.max(...perTool))]?.name);
    return [
      {
        what: 'tools/list, most of the agents with toolsets of their own',
        value: Math.max(...offered.slice(0, -1)),
        unit: 'tokens',
        budget: atMost(6_000),
      },
      { what: `tools/list, all ${listed} tools`, value: count(all), unit: 'tokens', budget: atMost(18_000) },
      { what: 'median tool', value: median(perTool), unit: 'tokens', budget: atMost(250) },
      { what: `longest tool, ${longest}`, value: Math.max(...perTool), unit: 'tokens' },
      { what: `instances_list, ${pageRows} rows`, value: count(instancesPage()), unit: 'tokens', budget: below(2_000) },
    ];
  },
};

function count(value: unknown): number {
  return encode(JSON.stringify(value)).length;
}

/** As a fleet of some size looks: names of the sandbox, ids and page token as EC2 makes them. */
function instancesPage() {
  const instances = Array.from({ length: pageRows }, (_, index) => {
    const { name, state, type } = fleet[index % fleet.length] ?? { name: '', state: 'running', type: 't3.micro' };
    return { provider: 'aws', id: `i-${noise(index, 17)}`, name: `${name}-${index}`, state, type, region: 'eu-north-1' };
  });
  const token = Buffer.from(Array.from({ length: 12 }, (_, index) => noise(index + 100, 16)).join(''), 'hex').toString('base64');
  return { instances, nextCursor: encodeCursor({ scope: 'main/eu-north-1', token, skip: 0 }) };
}

/** Hexadecimal digits without a pattern, the same in every run. */
function noise(seed: number, digits: number): string {
  return createHash('sha256').update(String(seed)).digest('hex').slice(0, digits);
}
