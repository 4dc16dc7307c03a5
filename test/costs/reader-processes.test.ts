import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { newWorld } from './world.ts';

/** Real processes on one state, and a cloud that counts and answers when the test says. */
let world: ReturnType<typeof newWorld>;
const waiting: ServerResponse[] = [];
let requests = 0;
const cloud = createServer((_request, response) => {
  requests += 1;
  waiting.push(response);
});
const children: ChildProcess[] = [];
beforeEach(async () => {
  world = newWorld();
  requests = 0;
  cloud.listen(0, '127.0.0.1');
  await once(cloud, 'listening');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const response of waiting.splice(0)) response.destroy();
  cloud.close();
  world.close();
});

function start(reads: number, offsetMs = 0) {
  const address = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}/`;
  const file = join(import.meta.dirname, 'reader-child.ts');
  const child = spawn(process.execPath, [file, world.folder, address, `${reads}`, `${offsetMs}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value as string | undefined };
}

it('a thousand reads by four processes cost one request', async () => {
  const readers = Array.from({ length: 4 }, () => start(250));
  for (const { line } of readers) expect(await line()).toBe('reading');
  (await until('a request', () => waiting.shift())).end('12.50');
  for (const { line } of readers) expect(await line()).toBe('250 12.50');
  expect(requests).toBe(1);
  expect(world.store.costRequests('2026-11-22')).toBe(1);
});

it('a process that is killed while it asks is waited for no longer than its lease', async () => {
  const first = start(1);
  await until('a request', () => waiting.shift());
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = start(1, 59_000);
  const third = start(1, 61_000);
  (await until('another request', () => waiting.shift())).end('12.50');
  expect([await third.line(), await third.line()]).toEqual(['reading', '1 12.50']);
  expect(requests).toBe(2);
  expect([await second.line(), await second.line()]).toEqual(['reading', '1 12.50']);
});
