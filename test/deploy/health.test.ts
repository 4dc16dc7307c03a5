import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { untilHealthy } from '../../src/deploy/health.ts';
import type { DeployDriver, DeployedApp, HealthSpec } from '../../src/ports/deploy.ts';
import { failure } from '../aws/harness.ts';
import { appSpec, createPlace } from './world.ts';
import { deployCall } from './world-calls.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/health?key=x`;
}

/** Time passes by waiting only. */
function ask(health: Partial<HealthSpec>, { healthy = true, check }: { healthy?: boolean; check?: DeployDriver['check'] } = {}) {
  const { place, driver } = createPlace();
  place.serving = healthy ? 'v1' : undefined;
  if (check) driver.check = check;
  const { targets, ...spec } = appSpec();
  if (!targets.hostinger) throw new Error('no target');
  const app: DeployedApp = {
    ...spec,
    provider: 'hostinger',
    target: targets.hostinger,
    health: { expectStatus: 200, withinSeconds: 3, everySeconds: 1, ...health },
  };
  let now = 0;
  const notes: string[] = [];
  const scope = { ...deployCall(), note: (message: string) => notes.push(message) };
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  return { notes, result: untilHealthy(app, driver, 'v1', scope, clock) };
}

it('asks until the answer is the expected one', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    response.writeHead(asked < 3 ? 503 : 200).end('version v1');
  });
  const { result, notes } = ask({ url, expectText: 'version {version}' });
  expect(await result).toContain('3');
  expect(notes).toEqual(
    Array(2).fill(expect.stringMatching(/^waiting for v1: http:\/\/127\.0\.0\.1:\d+\/health answered 503 instead of 200$/)),
  );
});

it('gives up when the time is over, and says what was wrong without the query', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    response.end('version v2');
  });
  const error = await failure(ask({ url, expectText: 'version {version}' }).result);
  expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'HealthCheckFailed' } } });
  expect(error.message).toMatch(/^v1 is not healthy: http:\S+\/health did not answer with "version v1"\.$/);
  expect(asked).toBe(4);
});

it('follows no redirect', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/ok') response.end('ok');
    else response.writeHead(302, { location: '/ok' }).end();
  });
  expect((await failure(ask({ url }).result)).message).toContain('302 instead of 200');
});

it('reads no more than the beginning of an endless answer', async () => {
  const url = await serve((_, response) => {
    const more = () => {
      while (response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await ask({ url }).result).toBe('healthy');
  expect((await failure(ask({ url, expectText: 'y' }).result)).message).toContain('did not answer with "y"');
});

it('says why there was no answer', async () => {
  const url = await serve((_, response) => response.end());
  await new Promise((resolve) => server?.close(resolve));
  expect((await failure(ask({ url }).result)).message).toContain('ECONNREFUSED');
});

it.each([
  ['twice in a row', [true, true], 'healthy', 2],
  ['again after a bad answer', [true, false, true, true], 'healthy when asked for the 4. time', 4],
  ['once more after its time, when it became good at the last moment', [false, false, false, true, true], '5. time', 5],
])('believes a command that says yes %s', async (_, answers, said, times) => {
  let asked = 0;
  const { result } = ask({ command: ['healthy'] }, { check: async () => (answers[asked++] ? undefined : 'it is ill') });
  expect(await result).toContain(said);
  expect(asked).toBe(times);
});

it('does not believe a command that says yes only once', async () => {
  const answers = [true, false, true, false];
  const { result } = ask({ command: ['healthy'] }, { check: async () => (answers.shift() ? undefined : 'it is ill') });
  expect(await failure(result)).toMatchObject({ details: { provider: { code: 'HealthCheckFailed', message: 'it is ill' } } });
  expect(answers).toEqual([]);
});

it('wants both, where a url and a command are given', async () => {
  const url = await serve((_, response) => response.end());
  const command: [string, ...string[]] = ['healthy', '{version}'];
  expect(await ask({ url, command }).result).toBe('healthy');
  const error = await failure(ask({ url, command }, { healthy: false }).result);
  expect(error).toMatchObject({ details: { provider: { message: 'it is ill' } } });
});
