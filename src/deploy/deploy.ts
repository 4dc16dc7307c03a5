import { randomBytes } from 'node:crypto';
import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type {
  AppSpec,
  Artifact,
  DeployDriver,
  DeployedApp,
  DeployPlan,
  DeployPort,
  DeployReport,
  DriverScope,
  InterruptedDeployment,
  TargetSpec,
} from '../ports/deploy.ts';
import type { AppKind, ApplicationTarget } from '../ports/domain.ts';
import type { TargetResolvers } from '../ports/resolve.ts';
import type { DeploymentRow, StateStore } from '../ports/state.ts';
import { applicationResolver, applicationTarget, deployedApps } from './apps.ts';
import { type ArtifactPlaces, openArtifact } from './artifact.ts';
import { interruptedBefore, nowhereToGo, otherThanPlanned, running, servesAlready, versionReused } from './errors-of-state.ts';
import { type Clock, realClock } from './health.ts';
import { hasServed, otherFiles, pageOf, report, servedLast, statusOf } from './history.ts';
import { leaseName } from './lease.ts';
import { deployVersion, switchVersion, type Work } from './machine.ts';
import { createResume, hashOfTarget, type RecordResumed } from './resume.ts';
import { createRuns, type Ended, ended, type Hold } from './runs.ts';
import { checkVersion } from './version.ts';

export type DeployDrivers = { readonly [K in AppKind]: () => Promise<DeployDriver<Extract<TargetSpec, { kind: K }>>> };

export interface DeployOptions {
  readonly apps: () => readonly AppSpec[];
  /** Each loaded with the first deployment that needs it. */
  readonly drivers: DeployDrivers;
  readonly artifacts: ArtifactPlaces;
  readonly store: Pick<
    StateStore,
    'takeLease' | 'renewLease' | 'releaseLease' | 'createDeployment' | 'updateDeployment' | 'getDeployment' | 'listDeployments'
  >;
  /** Masks secrets in what is kept on record. */
  readonly mask: (text: string) => string;
  /** The candidate that a word may have been meant for. */
  readonly nearest: (word: string, candidates: readonly string[]) => string | undefined;
  /** Told of a deployment that goes on after its call was answered, and of how it ends. */
  readonly outlived: (going: InterruptedDeployment, end: Promise<Ended>) => void;
  readonly clock?: Clock;
}

export interface Deploy extends DeployPort {
  readonly resolver: TargetResolvers['Application'];
  /** Ends deployments that nobody runs any more, now and from now on; resolves when those found first have ended. */
  resume(record: RecordResumed): Promise<void>;
  /** Waits for running deployments, then leaves them to whoever resumes them. */
  close(graceMs: number): Promise<void>;
}

/** Deployments of the applications of ziggie.yaml, over all drivers. */
export function createDeploy(options: DeployOptions): Deploy {
  const { store, artifacts, drivers, mask, clock = realClock } = options;
  const { now } = clock;
  const runs = createRuns({ store, now, mask });

  const appOf = (target: ApplicationTarget): DeployedApp => {
    const found = options.apps().flatMap(deployedApps);
    const app = found.find(({ name, provider }) => name === target.id && provider === target.provider);
    if (app) return app;
    throw new CallError('target_unresolved', `${target.id} is no longer in ziggie.yaml.`, { remedy: 'Call again.', effect: 'none' });
  };
  const driverOf = (app: DeployedApp): Promise<DeployDriver> => drivers[app.target.kind]();
  const workOf = async (app: DeployedApp, journal: Work['journal'], scope: DriverScope): Promise<Work> => {
    const { version, provider, kind } = journal.row();
    const servedBefore = kind === 'rollback' || hasServed(store, app.name, provider, version);
    return { app, driver: await driverOf(app), journal, scope, clock, servedBefore };
  };
  const resuming = createResume({ apps: options.apps, store, runs, now, work: workOf });

  /** The artifact, as far as it may be deployed. */
  const examine = async (app: DeployedApp, version: string, digest: string | undefined, call: CallScope): Promise<Artifact> => {
    checkVersion(version);
    const artifact = await openArtifact(app, version, artifacts, call);
    const other = otherFiles(store, app.name, version, artifact.digest);
    if (!other && (digest === undefined || digest === artifact.digest)) return artifact;
    await artifact.dispose();
    throw other ? versionReused(app.name, version, other) : otherThanPlanned(app.name, version);
  };

  const openRow = ({ name, provider }: DeployedApp) => store.listDeployments({ app: name, provider, status: 'running', limit: 1 })[0];

  const hold = (app: DeployedApp, id: string): Hold => {
    const held = runs.hold(leaseName(app.name, app.provider), id);
    try {
      const open = openRow(app);
      if (held && !open) return held;
      throw held && open ? interruptedBefore(app.name, open) : running(app.name, open);
    } catch (error) {
      held?.lease.release();
      throw error;
    }
  };

  /** Begins a deployment under a lease of its own, and waits for it as long as the call may wait. */
  const begin = async (
    app: DeployedApp,
    call: CallScope,
    prepare: () => Promise<Pick<DeploymentRow, 'kind' | 'version' | 'digest' | 'previous'> & { dispose?: () => Promise<void> }>,
    work: (work: Work) => ReturnType<typeof switchVersion>,
  ): Promise<DeployReport> => {
    const id = newDeploymentId(now());
    const held = hold(app, id);
    let dispose: (() => Promise<void>) | undefined;
    let going: Promise<Ended> | undefined;
    let answered = false;
    const told: CallScope['progress'] = (...progress) => {
      if (!answered) call.progress(...progress);
    };
    try {
      const { dispose: made, ...what } = await prepare();
      dispose = made;
      if (call.signal.aborted) throw cancelled();
      const row: DeploymentRow = {
        ...what,
        id,
        app: app.name,
        provider: app.provider,
        targetHash: hashOfTarget(app.target),
        actor: call.actor,
        callId: call.callId,
        status: 'running',
        serving: what.previous,
        steps: [],
        startedAt: now(),
      };
      if (!store.createDeployment(row, held.lease)) throw running(app.name, openRow(app));
      going = runs.start(row, held, { ...call, progress: told }, async (journal, scope) => work(await workOf(app, journal, scope)));
    } finally {
      if (!going) {
        held.lease.release();
        await dispose?.();
      }
    }
    const done = going.finally(() => dispose?.());
    done.catch(() => {});
    const outcome = await ended(done, call.waitMs, call.signal).finally(() => {
      answered = true;
    });
    if (outcome?.error) throw outcome.error;
    const row = outcome?.row ?? store.getDeployment(id);
    if (!row) throw running(app.name, undefined);
    if (!outcome) options.outlived({ row, target: applicationTarget(app) }, done);
    return report(row);
  };

  const plan = async (target: ApplicationTarget, version: string, digest: string | undefined, call: CallScope): Promise<DeployPlan> => {
    const app = appOf(target);
    const artifact = await examine(app, version, digest, call);
    try {
      const driver = await driverOf(app);
      const scope = readingScope(call);
      const { serving, kept } = await driver.inspect(app, scope);
      const { kind, place } = applicationTarget(app);
      return {
        app: app.name,
        provider: app.provider,
        kind,
        place,
        version,
        digest: artifact.digest,
        files: artifact.files.length,
        totalBytes: artifact.totalBytes,
        largest: largestOf(artifact),
        ...(serving ? { serving } : {}),
        kept: [...kept],
        preflight: await driver.preflight(app, artifact, scope),
        steps: driver.steps(app),
        cost: driver.cost(app),
      };
    } finally {
      await artifact.dispose();
    }
  };

  return {
    resolver: applicationResolver(options.apps, options.nearest),
    plan: (target, { version }, call) => plan(target, version, undefined, call),

    async deploy(target, { version, digest }, call) {
      const app = appOf(target);
      if (call.dryRun) {
        const open = openRow(app);
        if (open) throw running(app.name, open);
        const { serving = 'nothing', files, totalBytes, digest: planned } = await plan(target, version, digest, call);
        const change = { serving: version, files: String(files), bytes: String(totalBytes), digest: planned };
        return { app: app.name, provider: app.provider, version, plan: { current: { serving }, change, providerChecked: true } };
      }
      let ready: { readonly artifact: Artifact; readonly environment: Readonly<Record<string, string>> } | undefined;
      const prepare = async () => {
        const found = await examine(app, version, digest, call);
        try {
          // Read while the call is there: the deployment goes on without it, and can then read nothing more.
          ready = { artifact: found, environment: await environment() };
          const { serving = '' } = await (await driverOf(app)).inspect(app, readingScope(call));
          return { kind: 'deploy' as const, version, digest: found.digest, previous: serving, dispose: () => found.dispose() };
        } catch (error) {
          await found.dispose();
          throw error;
        }
      };
      const environment = async () => {
        const values = Object.entries(app.environment).map(async ([name, text]) => [name, await call.secretValue(text)] as const);
        return Object.fromEntries(await Promise.all(values));
      };
      return begin(app, call, prepare, (work) => {
        if (!ready) throw new Error('a deployment without an artifact');
        return deployVersion(work, ready.artifact, ready.environment);
      });
    },

    async rollback(target, { version }, call) {
      const app = appOf(target);
      const choose = async () => {
        if (version !== undefined) checkVersion(version);
        const { serving, kept } = await (await driverOf(app)).inspect(app, readingScope(call));
        const to = version ?? servedLast(store, app.name, app.provider, serving, kept);
        if (to !== undefined && to === serving) throw servesAlready(app.name, to);
        if (to === undefined || !kept.includes(to)) throw nowhereToGo(app.name, version, kept);
        return { kind: 'rollback' as const, version: to, digest: '', previous: serving ?? '' };
      };
      if (!call.dryRun) return begin(app, call, choose, switchVersion);
      const open = openRow(app);
      if (open) throw running(app.name, open);
      const { version: to, previous } = await choose();
      const plan = { current: { serving: previous || 'nothing' }, change: { serving: to }, providerChecked: true };
      return { app: app.name, provider: app.provider, version: to, ...(previous ? { serving: previous } : {}), plan };
    },

    status: async (target, id) => statusOf(store, target.id, target.provider, id),
    list: async (query) => pageOf(store, query),
    resume: resuming.start,
    async close(graceMs) {
      resuming.stop();
      await runs.close(graceMs);
    },
  };
}

/** Time first, so that ids sort as they were made. */
function newDeploymentId(now: number): string {
  return `dep_${now.toString(36).padStart(9, '0')}${randomBytes(4).toString('hex')}`;
}

function readingScope(call: CallScope): DriverScope {
  return { ...call, note: (message) => call.progress(0, undefined, message) };
}

function largestOf({ files }: Artifact): DeployPlan['largest'] {
  const bySize = [...files].sort((a, b) => b.sizeBytes - a.sizeBytes);
  return bySize.slice(0, 5).map(({ path, sizeBytes }) => ({ path, sizeBytes }));
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled before anything was sent.', {
    remedy: 'Call again if you still want it.',
    effect: 'none',
  });
}
