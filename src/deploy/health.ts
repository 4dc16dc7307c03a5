import { setTimeout as delay } from 'node:timers/promises';
import { CallError } from '../call/errors.ts';
import type { DeployDriver, DeployedApp, DriverScope, HealthSpec } from '../ports/deploy.ts';
import { withVersion } from './version.ts';

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

export const realClock: Clock = { now: Date.now, sleep: (ms, signal) => delay(ms, undefined, { signal }) };

const answerWithinMs = 5_000;
const mostBytes = 64 * 1024;

/** What is wrong; `said` is text of the application itself. */
interface Unwell {
  readonly what: string;
  readonly said?: string;
}

/** Of a command one good answer may be luck: `systemctl is-active` says yes of what has just been started, and dies a moment later. */
const answersOfCommand = 2;

/**
 * Asks until the application is healthy, or the time of its health check is over. It is asked at least once; a good answer within the
 * time may be confirmed after it.
 * @throws CallError `provider_rejected` `HealthCheckFailed` with what was wrong last; `cancelled`
 */
export async function untilHealthy(
  app: DeployedApp,
  driver: DeployDriver,
  version: string,
  scope: DriverScope,
  clock: Clock,
): Promise<string> {
  const { withinSeconds, everySeconds, command } = app.health;
  const wanted = command ? answersOfCommand : 1;
  const until = clock.now() + withinSeconds * 1_000;
  for (let asked = 1, inRow = 0; ; asked += 1) {
    const unwell = await examine(app, driver, version, scope);
    if (scope.signal.aborted) throw cancelled();
    inRow = unwell ? 0 : inRow + 1;
    if (inRow === wanted) return asked === wanted ? 'healthy' : `healthy when asked for the ${asked}. time`;
    if (unwell) {
      if (clock.now() + everySeconds * 1_000 > until) throw notHealthy(version, unwell);
      scope.note(`waiting for ${version}: ${unwell.what}`);
    }
    await clock.sleep(everySeconds * 1_000, scope.signal).catch(() => {
      throw cancelled();
    });
  }
}

async function examine(app: DeployedApp, driver: DeployDriver, version: string, scope: DriverScope): Promise<Unwell | undefined> {
  const { url, command } = app.health;
  const unwell = url === undefined ? undefined : await ask(url, app.health, version, scope.signal);
  if (unwell || !command) return unwell;
  const [first, ...rest] = command.map((part) => withVersion(part, version));
  try {
    const said = await driver.check(app, [first ?? '', ...rest], scope);
    return said === undefined ? undefined : { what: 'its health command failed', said };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return { what: `its health command could not be run: ${error.message}` };
  }
}

async function ask(address: string, health: HealthSpec, version: string, signal: AbortSignal): Promise<Unwell | undefined> {
  const { origin, pathname } = new URL(address);
  const shown = `${origin}${pathname}`;
  try {
    const answer = await fetch(address, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      headers: { 'user-agent': 'ziggie-cloud', 'cache-control': 'no-cache' },
    });
    const text = await start(answer, health.expectText === undefined ? 0 : mostBytes);
    if (answer.status !== health.expectStatus) return { what: `${shown} answered ${answer.status} instead of ${health.expectStatus}` };
    const wanted = health.expectText === undefined ? '' : withVersion(health.expectText, version);
    return text.includes(wanted) ? undefined : { what: `${shown} did not answer with ${JSON.stringify(wanted)}` };
  } catch (error) {
    return { what: `${shown} did not answer (${reason(error)})` };
  }
}

/** The first bytes of a body as text; the rest is not read. */
async function start(answer: Response, bytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body ?? []) {
    if (length >= bytes) break;
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts).subarray(0, bytes).toString('utf8');
}

/** undici says `fetch failed`, and why in its cause. */
function reason(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `nothing within ${answerWithinMs / 1_000} s`;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}

function notHealthy(version: string, { what, said }: Unwell): CallError {
  return new CallError('provider_rejected', `${version} is not healthy: ${what}.`, {
    remedy: 'Look at the logs of the application, mend it, and deploy a new version.',
    provider: { code: 'HealthCheckFailed', ...(said ? { message: said } : {}) },
  });
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The deployment was given up by this process.', { remedy: 'deploy_status tells what becomes of it.' });
}
