import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../../src/call/errors.ts';
import { createDeploy, type Deploy } from '../../src/deploy/deploy.ts';
import type { CallScope } from '../../src/ports/call-scope.ts';
import type { AppSpec, DeployDriver, InterruptedDeployment } from '../../src/ports/deploy.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { temporaryFolder } from '../support/folders.ts';

const base = temporaryFolder();

/** What a step of the driver meets: it fails before or after it had its effect, or it never comes back. */
export type Fault = 'before' | 'after' | 'hang';

export const broken = new CallError('provider_unavailable', 'The place is not there.', { remedy: 'Wait.' });

/**
 * The tests' own place to deploy to, in memory: stands for no provider, and holds what `DeployDriver` promises. Health is what `healthy`
 * says of what serves.
 */
export function createPlace() {
  const place = {
    releases: [] as string[],
    serving: undefined as string | undefined,
    healthy: new Set(['v1', 'v2', 'v3']),
    environment: {} as Readonly<Record<string, string>>,
    /** Names of the steps that were asked for, in order. */
    asked: [] as string[],
    /** By step and the how manyeth call of it, from 0: `activate#0`. */
    faults: new Map<string, Fault>(),
    /** Resolves when a step hangs; `wake` lets it go on. */
    hung: Promise.withResolvers<void>(),
    wake: Promise.withResolvers<void>(),
  };
  const step = async <T>(name: string, effect: () => T): Promise<T> => {
    const fault = place.faults.get(`${name}#${place.asked.filter((each) => each === name).length}`);
    place.asked.push(name);
    if (fault === 'hang') {
      place.hung.resolve();
      await place.wake.promise;
    }
    if (fault === 'before') throw broken;
    const result = effect();
    if (fault === 'after') throw broken;
    return result;
  };
  const counted = (call: CallScope) => call.ledger.attempt()('applied');
  const driver: DeployDriver = {
    inspect: () =>
      step('inspect', () => ({
        ...(place.serving ? { serving: place.serving } : {}),
        kept: place.releases.filter((each) => !each.startsWith('.')),
      })),
    preflight: () => step('preflight', () => ['there is room']),
    async upload(_app, artifact, environment, call) {
      counted(call);
      place.releases.unshift(`.incoming-${artifact.version}`);
      call.progress(1, 2, 'half');
      for (const file of artifact.files) for await (const _ of await artifact.open(file));
      await step('upload', () => {
        place.environment = environment;
        place.releases = [artifact.version, ...place.releases.filter((each) => each !== artifact.version && !each.startsWith('.'))];
      });
    },
    activate: (_app, version, _healthy, call) =>
      step('activate', () => {
        if (!place.releases.includes(version)) throw new Error(`${version} is not there`);
        counted(call);
        place.serving = version;
      }),
    check: () => step('check', () => (place.serving && place.healthy.has(place.serving) ? undefined : 'it is ill')),
    deactivate: (_app, call) =>
      step('deactivate', () => {
        counted(call);
        place.serving = undefined;
      }),
    clean: (_app, keep) =>
      step('clean', () => {
        place.releases = place.releases.filter((each) => each === place.serving || keep.includes(each));
      }),
    steps: () => ['bring it there', 'switch to it'],
    cost: () => 'Nothing.',
  };
  return { place, driver };
}

const health = { expectStatus: 200, command: ['healthy', '{version}'] as [string, ...string[]], withinSeconds: 3, everySeconds: 1 };

export function appSpec(facts: Partial<AppSpec> = {}): AppSpec {
  return {
    name: 'web',
    team: 'frontend',
    tags: {},
    source: { kind: 'folder', path: 'builds/{version}' },
    health,
    keepReleases: 5,
    environment: {},
    targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder: '/srv/web' } },
    ...facts,
  };
}

/** A configuration folder with builds, a state store, and as many processes over them as are asked for. */
export function createWorld(facts: Partial<AppSpec> = {}) {
  const folder = mkdtempSync(join(base, 'world-'));
  const spec = appSpec(facts);
  const { place, driver } = createPlace();
  const time = { now: 1_800_000_000_000 };
  const store = openSqliteStore(join(folder, 'state'));
  const build = (version: string, files: Readonly<Record<string, string>> = { 'index.html': version }) => {
    for (const [path, text] of Object.entries(files)) {
      const at = join(folder, 'builds', version, path);
      mkdirSync(join(at, '..'), { recursive: true });
      writeFileSync(at, text);
    }
  };
  for (const version of ['v1', 'v2', 'v3']) build(version);
  const world = {
    folder,
    spec,
    place,
    driver,
    time,
    store,
    build,
    apps: [spec] as AppSpec[],
    /** Deployments that went on after their call, as the record is told of them. */
    outlived: [] as { going: InterruptedDeployment; end: Promise<{ error: unknown }> }[],
    /** A server of ziggie-cloud over the state. */
    process(using: DeployDriver = driver): Deploy {
      const load = async () => using;
      return createDeploy({
        apps: () => world.apps,
        drivers: { ssh: load, ec2: load, 'static-site': load, lambda: load },
        artifacts: {
          configFolder: folder,
          temporaryFolder: join(folder, 'tmp'),
          store: { open: () => Promise.reject(broken) },
        },
        store,
        mask: (text) => text.replaceAll('hunter2', '[redacted]'),
        nearest: (_word, [first]) => first,
        outlived: (going, end) => void world.outlived.push({ going, end }),
        clock: {
          now: () => time.now,
          sleep: async (ms) => {
            time.now += ms;
          },
        },
      });
    },
  };
  return world;
}
