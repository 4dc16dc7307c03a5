import { createHash } from 'node:crypto';
import { canonicalJson } from '../call/canonical.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { AppSpec, DeployedApp, DeployReport, InterruptedDeployment, TargetSpec } from '../ports/deploy.ts';
import type { DeploymentRow, StateStore } from '../ports/state.ts';
import { applicationTarget, deployedApps } from './apps.ts';
import { report } from './history.ts';
import { leaseName, leaseTtlMs } from './lease.ts';
import { abandon, type Ending, finish, goBack, interrupted, switchVersion, type Work } from './machine.ts';
import type { Hold, Runs } from './runs.ts';

/** Makes a record of what is resumed, as the road does of calls, and runs it. `run` rejects as a call would: with what went wrong. */
export type RecordResumed = (interrupted: InterruptedDeployment, run: (call: CallScope) => Promise<DeployReport>) => Promise<void>;

interface ResumeOptions {
  readonly apps: () => readonly AppSpec[];
  readonly store: Pick<StateStore, 'listDeployments' | 'getDeployment' | 'updateDeployment'>;
  readonly runs: Runs;
  readonly now: () => number;
  work(app: DeployedApp, ...of: Parameters<Parameters<Runs['start']>[3]>): Promise<Work>;
}

const mostOpen = 100;
const longestPauseMs = 15 * 60_000;
/** How long an application may be missing here: another configuration that shares the state may have it, and end its deployment. */
const missingMs = 24 * 3_600_000;

/**
 * Looks for deployments that nobody runs any more, now and as often as a lease may run out, and brings each to its end. One whose place
 * cannot be asked stays open and is tried again, at growing intervals.
 */
export function createResume({ apps, store, runs, now, work }: ResumeOptions) {
  /** Deployment → when it may be tried again, and the pause after that. */
  const pauses = new Map<string, { until: number; nextMs: number }>();
  let timer: NodeJS.Timeout | undefined;

  const takeOver = async (seen: DeploymentRow, record: RecordResumed): Promise<void> => {
    if ((pauses.get(seen.id)?.until ?? 0) > now()) return;
    const app = apps()
      .flatMap(deployedApps)
      .find(({ name, provider }) => name === seen.app && provider === seen.provider);
    if (!app && now() - seen.startedAt < missingMs) return;
    const hold = runs.hold(leaseName(seen.app, seen.provider), seen.id);
    if (!hold) return;
    let started = false;
    let over = false;
    try {
      // It may have gone on, and even ended, between the look and the lease.
      const row = store.getDeployment(seen.id);
      if (row?.status !== 'running') return;
      const run = async (resumed: DeployedApp, call: CallScope) => {
        started = true;
        const ended = await runs.start(row, hold, call, async (journal, scope) => proceed(await work(resumed, journal, scope)));
        over = true;
        if (ended.error) throw ended.error;
        return report(ended.row);
      };
      if (!app) giveUp(row, hold, `${row.app} is no longer in ziggie.yaml`);
      else if (hashOfTarget(app.target) !== row.targetHash) giveUp(row, hold, `ziggie.yaml now says another target for ${row.app}`);
      else await record({ row, target: applicationTarget(app) }, (call) => run(app, call));
      pauses.delete(seen.id);
    } catch {
      if (over) {
        pauses.delete(seen.id);
        return;
      }
      // Its record, or the row itself, says what went wrong.
      const { nextMs } = pauses.get(seen.id) ?? { nextMs: leaseTtlMs };
      pauses.set(seen.id, { until: now() + nextMs, nextMs: Math.min(nextMs * 2, longestPauseMs) });
    } finally {
      // A run gives its lease back itself, or lets it run out.
      if (!started) hold.lease.release();
    }
  };

  /** Nothing is sent: nobody decided on any place but the one that it was begun at. */
  const giveUp = ({ id }: DeploymentRow, { lease }: Hold, why: string) =>
    store.updateDeployment(id, lease, {
      status: 'failed',
      serving: '',
      endedAt: now(),
      message: `It was interrupted, and ${why}: nothing more was done, and what serves is not known.`,
    });

  return {
    async start(record: RecordResumed): Promise<void> {
      let looking: Promise<void> | undefined;
      const look = async () => {
        const open = store.listDeployments({ status: 'running', limit: mostOpen });
        await Promise.all(open.map((row) => takeOver(row, record)));
      };
      const lookOnce = () => {
        looking ??= look().finally(() => {
          looking = undefined;
        });
        return looking;
      };
      clearInterval(timer);
      timer = setInterval(() => void lookOnce().catch(() => {}), leaseTtlMs);
      timer.unref();
      await lookOnce();
    },
    stop: () => clearInterval(timer),
  };
}

/** Tells whether a target is the one that a deployment was decided for. */
export function hashOfTarget(target: TargetSpec): string {
  // Tags say who may, not where.
  const { serverTags: _, ...place } = { serverTags: undefined, ...target };
  return createHash('sha256').update(canonicalJson(place)).digest('hex');
}

/** From the last step that was begun. What cannot be asked what serves is left as it is: nothing is decided blindly. */
async function proceed(work: Work): Promise<Ending> {
  const { app, driver, journal, scope } = work;
  await driver.inspect(app, scope);
  const { steps, version } = journal.row();
  const begun = new Set(steps.map(({ step }) => step));
  const failure = steps.find(({ outcome }) => outcome === 'failed')?.detail;
  const wasBad = steps.some(({ step, outcome }) => outcome === 'failed' && (step === 'activate' || step === 'verify'));
  if (wasBad || begun.has('roll_back')) return goBack(work, interrupted(version, failure));
  if (begun.has('clean')) return finish(work);
  return begun.has('activate') ? switchVersion(work) : abandon(work, interrupted(version, failure));
}
