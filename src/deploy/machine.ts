/**
 * Invariant: a deployment ends with a version that was just seen to be healthy, or it says what it knows of what serves instead. Every
 * step is recorded before it runs and may be run again, so that whoever finds the record can bring it to such an end.
 */
import { CallError } from '../call/errors.ts';
import type { Artifact, DeployDriver, DeployedApp, DriverScope, ReleaseState } from '../ports/deploy.ts';
import { servingMoved } from './errors-of-state.ts';
import { asCallError, LeftBehind, refused } from './failures.ts';
import { type Clock, untilHealthy } from './health.ts';
import type { Journal } from './journal.ts';

export interface Work {
  readonly app: DeployedApp;
  readonly driver: DeployDriver;
  readonly journal: Journal;
  readonly scope: DriverScope;
  readonly clock: Clock;
  /** Whether this version has served before: its release then outlives a deployment that is abandoned. */
  readonly servedBefore: boolean;
}

/** What to tell the caller; nothing when it went well. */
export type Ending = CallError | undefined;

/** Going back and tidying up have time of their own, however long going forward took. */
const endingMs = 15 * 60_000;
const firstPauseMs = 5_000;
const longestPauseMs = 60_000;

/** preflight → upload → activate → verify → clean. @param environment with the values of its secrets */
export async function deployVersion(work: Work, artifact: Artifact, environment: Readonly<Record<string, string>>): Promise<Ending> {
  const { app, driver, journal, scope } = work;
  const wrong = await attempt(async () => {
    await journal.step('preflight', async () => {
      const found = await driver.preflight(app, artifact, scope);
      const { serving = '' } = await driver.inspect(app, scope);
      const { previous } = journal.row();
      // What is gone back to must be what really served.
      if (serving !== previous) throw servingMoved(app.name, previous, serving);
      return found.join('; ');
    });
    await journal.step('upload', async () => {
      await driver.upload(app, artifact, environment, scope);
      return `${artifact.files.length} files, ${artifact.totalBytes} bytes`;
    });
  });
  return wrong ? abandon(work, wrong) : switchVersion(work);
}

/** Of a version that is in its place: activate → verify → clean, or back to the one before. */
export async function switchVersion(work: Work): Promise<Ending> {
  const { app, driver, journal, scope } = work;
  const { version } = journal.row();
  const wrong = await attempt(async () => {
    await journal.step('activate', () => activate(work, version, scope), { serving: '' });
    await journal.step('verify', () => untilHealthy(app, driver, version, scope, work.clock));
  });
  return wrong ? goBack(work, wrong) : finish(work);
}

/** The version serves and is healthy. That old releases stay longer than they should does not change it. */
export async function finish(work: Work): Promise<Ending> {
  const { app, driver, journal } = work;
  const { version, previous } = journal.row();
  const scope = endingScope(work);
  await attempt(() =>
    journal.step(
      'clean',
      async () => {
        const { kept } = await driver.inspect(app, scope);
        const wanted = [...new Set([version, ...(previous ? [previous] : []), ...kept])];
        await driver.clean(app, wanted.slice(0, app.keepReleases), scope);
        return undefined;
      },
      { serving: version },
    ),
  );
  journal.end({ status: 'done', serving: version });
  return undefined;
}

/** Nothing was switched: what was brought there goes, and what serves is not touched. */
export async function abandon(work: Work, cause: CallError): Promise<Ending> {
  const { app, driver, journal, servedBefore } = work;
  const { version, previous } = journal.row();
  const scope = endingScope(work);
  let serving = previous;
  await attempt(() =>
    journal.step('clean_up', async () => {
      const found: ReleaseState = await driver.inspect(app, scope);
      const { kept } = found;
      serving = found.serving ?? '';
      await driver.clean(app, servedBefore ? kept : kept.filter((each) => each !== version), scope);
      return undefined;
    }),
  );
  const as = serving === previous ? 'as before' : 'now';
  const message = `${cause.message} Nothing was switched: ${serving || 'nothing'} serves ${as}.`;
  journal.end({ status: 'abandoned', serving, message });
  // The cause speaks of one request; what the whole has done is in the ledger.
  const { effect: _, ...details } = cause.details;
  return new CallError(cause.code, message, { ...details, cause });
}

/** The version before is put back and proved healthy; where there was none, the failed one is taken out of service. */
export async function goBack(work: Work, cause: CallError): Promise<Ending> {
  const { app, driver, journal } = work;
  const { previous } = journal.row();
  const scope: DriverScope = { ...endingScope(work), isGoingBack: true };
  const wrong = await attempt(async () => {
    if (previous === '') {
      await journal.step('roll_back', async () => {
        await persistently(work, scope, () => driver.deactivate(app, scope));
        return undefined;
      });
      return;
    }
    await journal.step('roll_back', () => persistently(work, scope, () => activate(work, previous, scope)), { serving: '' });
    await journal.step('verify_previous', () => untilHealthy(app, driver, previous, scope, work.clock));
  });
  const back = previous !== '' && !wrong;
  const message = `${cause.message} ${whatServes(previous, wrong)}`;
  journal.end({ status: back ? 'rolled_back' : 'failed', serving: back ? previous : '', message });
  const { provider, remedy } = cause.details;
  return new CallError('provider_rejected', message, {
    remedy:
      back || previous === ''
        ? remedy
        : `Look at ${app.name} now: it may be down. Then deploy_rollback to a version that is known to work.`,
    provider: { ...provider, code: provider?.code ?? 'ActivationFailed' },
    cause,
  });
}

function whatServes(previous: string, wrong: CallError | undefined): string {
  if (previous === '') {
    return wrong
      ? `There is no version to go back to, and it could not be taken out of service: ${wrong.message}`
      : 'There is no version to go back to: nothing serves now.';
  }
  return wrong ? `Going back to ${previous} failed as well: ${wrong.message}` : `${previous} serves again and is healthy.`;
}

function endingScope({ scope, clock }: Work): DriverScope {
  return { ...scope, deadlineAt: clock.now() + endingMs };
}

/** Does again what failed for want of a connection, as long as there is time: what serves meanwhile is the version that went wrong. */
async function persistently<T>({ clock }: Work, scope: DriverScope, work: () => Promise<T>): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error) || clock.now() + pauseMs > scope.deadlineAt) throw error;
      scope.note(`trying again: ${error.message}`);
      await clock.sleep(pauseMs, scope.signal).catch(() => undefined);
      if (scope.signal.aborted) throw error;
    }
  }
}

function isOutage(error: unknown): error is CallError {
  return error instanceof CallError && ['provider_unavailable', 'timeout', 'circuit_open'].includes(error.code);
}

async function activate({ app, driver, clock }: Work, version: string, scope: DriverScope): Promise<undefined> {
  const healthy = async (which: string): Promise<void> => {
    await untilHealthy(app, driver, which, scope, clock);
  };
  await driver.activate(app, version, healthy, scope);
}

/** The error of what went wrong. Of a deployment that somebody else has nothing more is done, and nothing is concluded. */
async function attempt(work: () => Promise<void>): Promise<CallError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof LeftBehind) throw error;
    return asCallError(error);
  }
}

/** Why a deployment that is found open goes back, or is abandoned. */
export function interrupted(version: string, failure?: string): CallError {
  const message = failure ?? `The deployment of ${version} was interrupted.`;
  return refused('provider_rejected', 'DeployInterrupted', message, 'Deploy the version again if it is still wanted.');
}
