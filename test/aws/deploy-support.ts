import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  AppSpec,
  Artifact,
  DeployedApp,
  DriverScope,
  Ec2TargetSpec,
  LambdaTargetSpec,
  StaticSiteTargetSpec,
  TargetSpec,
} from '../../src/ports/deploy.ts';
import type { Sandbox } from '../../src/providers/sandbox/index.ts';
import { deployApplication } from '../../src/tools/deploy/application.ts';
import { newCall, type TestCall } from './harness.ts';

const site: StaticSiteTargetSpec = {
  kind: 'static-site',
  account: 'main',
  region: 'eu-north-1',
  bucket: 'ziggie-deployments',
  prefix: 'web/',
  entryDocuments: ['index.html'],
};
const lambda: LambdaTargetSpec = { kind: 'lambda', account: 'main', region: 'eu-north-1', function: 'ziggie-report', alias: 'live' };
const ec2: Ec2TargetSpec = {
  kind: 'ec2',
  account: 'main',
  region: 'eu-north-1',
  tags: { Project: 'Ziggie', Role: 'api' },
  bucket: 'ziggie-deployments',
  folder: '/opt/ziggie-backend',
  service: 'ziggie-backend',
};
export const targets = { site, lambda, ec2 };

/** An application as the deployments hand it to a driver. */
export function appOn<T extends TargetSpec>(target: T, facts: Partial<AppSpec> = {}): DeployedApp<T> {
  return {
    name: 'ziggie-app',
    team: 'backend',
    tags: {},
    source: { kind: 'folder', path: '/nowhere' },
    health: { expectStatus: 200, withinSeconds: 5, everySeconds: 1 },
    keepReleases: 3,
    environment: {},
    provider: 'aws',
    target,
    ...facts,
  };
}

/** Files by path; what begins with `#!` may be run. */
export function artifactOf(version: string, files: Readonly<Record<string, string | Buffer>>): Artifact {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const list = [...contents].map(([path, content]) => ({
    path,
    sizeBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    mode: content.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644,
  }));
  return {
    version,
    digest: createHash('sha256').update(JSON.stringify(list)).digest('hex'),
    files: list,
    totalBytes: list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    open: async ({ path }) => Readable.from([contents.get(path) ?? Buffer.alloc(0)]),
    dispose: async () => {},
  };
}

export type TestDeployment = TestCall & DriverScope & { readonly notes: string[] };

export function deployment(options: Parameters<typeof newCall>[0] = {}): TestDeployment {
  const notes: string[] = [];
  return {
    ...newCall({ iam: deployApplication.iam, deadlineAt: Date.now() + 120_000, ...options }),
    note: (text) => notes.push(text),
    notes,
  };
}

/** Health as the deployments ask for it, without waiting. */
export const isHealthy = async () => {};

/** The sandbox whose first answer to each request of these commands is lost: it has acted, and the SDK asks again. @param lost takes their names */
export function losing(middleware: Sandbox['middleware'], commands: readonly string[], lost: string[]): Sandbox['middleware'] {
  return (at) => ({
    applyToStack(stack) {
      middleware(at).applyToStack(stack);
      const seen = new WeakSet<object>();
      stack.add(
        (next, context) => async (args) => {
          const result = await next(args);
          const name = context.commandName ?? '';
          if (!commands.includes(name) || seen.has(context)) return result;
          seen.add(context);
          lost.push(name);
          throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' });
        },
        { step: 'finalizeRequest', priority: 'low', name: 'lostAnswers' },
      );
    },
  });
}
