import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Running, startNode } from '../support/cli.ts';
import { configurationWith, isolatedEnvironment, repository, temporaryFolder } from '../support/folders.ts';
import { startTokenProxy } from '../support/proxy.ts';
import { runConformance } from './conformance.ts';

/** Both requirement sets, as frozen at their release, against our transports and server factory with the suite's fixtures mounted. */

const state = temporaryFolder();
const home = temporaryFolder();
const config = configurationWith();
let running: Running;
let proxy: Awaited<ReturnType<typeof startTokenProxy>>;

beforeAll(async () => {
  running = startNode([join(repository, 'test/conformance/serve-fixture.ts')], isolatedEnvironment(state, { ZIGGIE_CONFIG: config }));
  const [, url = '', token = ''] = await running.line(/^fixture (\S+) (\S+)$/);
  proxy = await startTokenProxy(url, token);
});
afterAll(async () => {
  proxy.server.closeAllConnections();
  proxy.server.close();
  await running.stop();
});

/** Run by the suite for the record, and not required: extensions, what is pending, and what came after the release. */
const notRequired = /^(tasks-|http-custom-header-|server-sse-polling:|server-session-lifecycle:)/;
const required = (names: readonly string[]) => names.filter((name) => !notRequired.test(name));
const scenarioOf = (name: string) => name.slice(0, name.indexOf(':'));

it('meets the requirements of 2025-11-25 but for the scenarios that need a session', async () => {
  const { failures, warnings, scenarios, text } = await runConformance(proxy.url, home, [
    '--requirements',
    '2025-11-25',
    '--timeout',
    '10000',
  ]);
  const { server: expected } = parse(readFileSync(join(repository, 'test/conformance/expected-2025.yaml'), 'utf8')) as { server: string[] };
  expect(expected).toHaveLength(4);
  expect(required(failures).map(scenarioOf).toSorted(), text).toEqual(expected.toSorted());
  // Said, and not failed: without a session there is nothing to open several streams on.
  expect(required(warnings)).toEqual(['server-sse-multiple-streams:server-sse-multiple-streams-session']);
  expect(scenarios.length).toBeGreaterThanOrEqual(30);
}, 170_000);

it('meets the requirements of 2026-07-28 without an exception', async () => {
  const { code, failures, warnings, scenarios, text } = await runConformance(proxy.url, home, ['--requirements', '2026-07-28']);
  expect(code, text).toBe(0);
  expect(required(failures)).toEqual([]);
  expect(required(warnings)).toEqual([]);
  expect(required(scenarios).length).toBeGreaterThanOrEqual(37);
}, 170_000);
