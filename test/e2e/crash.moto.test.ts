import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { awsEnvironment, connectAgent, ec2, launch, readCloudWatch, run } from './world.ts';

/** kill -9 in the middle of everything, again and again. */

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto?.close());

const rounds = 8;
const callsARound = 45;

it('loses no acknowledged record, ends every intent after a restart, and verify tells a whole journal from a touched one', async () => {
  const state = temporaryFolder();
  const environment = { ...awsEnvironment(state, moto.endpoint), ZIGGIE_CONFIG: configurationWith() };
  const id = await launch(ec2(moto.endpoint), { Project: 'Ziggie' });
  const acknowledged = new Set<string>();
  let killedInFlight = 0;

  for (let round = 0; round < rounds; round += 1) {
    const agent = await connectAgent('marcus', environment);
    // At a random number of answers, with everything else still on its way.
    const killAt = 1 + Math.floor(Math.random() * callsARound * 0.6);
    let answers = 0;
    const calls = Array.from({ length: callsARound }, async (_, index) => {
      const [tool, input] = [
        ['instances_get', { provider: 'aws', id }],
        ['instances_list', {}],
        ['instances_restart', { provider: 'aws', id }],
        ['access_whoami', {}],
        ['instances_stop', { provider: 'aws', id: 'nonsense' }],
      ][index % 5] as [string, object];
      const { callId } = await agent.call(tool, input);
      acknowledged.add(callId);
      answers += 1;
      if (answers === killAt) process.kill(agent.pid, 'SIGKILL');
    });
    const ends = await Promise.allSettled(calls);
    killedInFlight += ends.filter(({ status }) => status === 'rejected').length;
    await agent.close();
  }
  expect(acknowledged.size).toBeGreaterThan(50);
  expect(killedInFlight).toBeGreaterThan(0);

  // Whoever runs adopts and delivers what the dead left.
  const survivor = await connectAgent('chen', environment);
  await until('everything adopted and delivered', async () => {
    const { stdout } = await run(['audit', 'verify', '--offline', '--json'], environment);
    const { ok, counts } = JSON.parse(stdout) as { ok: boolean; counts: { records: number; delivered: number } };
    return ok && counts.delivered === counts.records;
  });
  await survivor.close();
  const verdict = await run(['audit', 'verify', '--json'], environment);
  expect(verdict.code, verdict.stdout).toBe(0);

  const records = readCloudWatch(moto.endpoint);
  const phases = Map.groupBy(records, ({ callId }) => callId);
  const lost = [...acknowledged].filter((callId) => !phases.get(callId)?.some(({ phase }) => phase !== 'intent'));
  expect(lost).toEqual([]);
  const open = [...phases.values()].filter(
    (each) => each.some(({ phase }) => phase === 'intent') && !each.some(({ phase }) => phase === 'outcome'),
  );
  expect(open).toEqual([]);
  // Delivered at least once, and the copies are told apart by writer and sequence.
  expect(records.filter(({ outcome }) => outcome === 'unknown').every(({ effect }) => effect === 'unknown')).toBe(true);

  const [journals = ''] = globSync(join(state, 'live-*'));
  const touched = async (change: (lines: string[]) => string[]) => {
    const copy = temporaryFolder();
    cpSync(journals, join(copy, journals.split('/').at(-1) ?? ''), { recursive: true });
    const files = globSync(join(copy, 'live-*', 'audit', '*', '*.jsonl'));
    const longest = files
      .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n') }))
      .sort((a, b) => b.lines.length - a.lines.length)[0];
    if (!longest) throw new Error('no journal');
    writeFileSync(longest.file, change(longest.lines).join('\n'));
    return run(['audit', 'verify', '--offline'], { ...environment, ZIGGIE_STATE: copy });
  };
  expect((await touched((lines) => lines)).code).toBe(0);
  const flipped = await touched((lines) => lines.with(3, `${lines[3]?.slice(0, 40)}#${lines[3]?.slice(41)}`));
  expect(flipped.code).toBe(1);
  expect(flipped.stdout).toMatch(/PROBLEM .*:4/);
  const dropped = await touched((lines) => lines.toSpliced(3, 1));
  expect(dropped.code).toBe(1);
  expect(dropped.stdout).toMatch(/PROBLEM/);
});
