import { CallError } from '../call/errors.ts';
import type { DeployPage, DeployReport, DeployStatusReport } from '../ports/deploy.ts';
import type { Provider } from '../ports/domain.ts';
import type { DeploymentRow, StateStore } from '../ports/state.ts';
import { unknownDeployment } from './errors-of-state.ts';

type Rows = Pick<StateStore, 'getDeployment' | 'listDeployments'>;
/** How far back is looked for the version that served before. */
const remembered = 200;

export function report({ id, app, provider, version, status, serving, previous }: DeploymentRow) {
  return {
    deployment: id,
    app,
    // Written from a target, which has nothing else.
    provider: provider as Provider,
    version,
    status,
    ...(serving ? { serving } : {}),
    ...(previous ? { previous } : {}),
  } satisfies DeployReport;
}

/** @throws CallError `target_unresolved` */
export function statusOf(rows: Rows, app: string, provider: Provider, id: string | undefined): DeployStatusReport {
  const row = id === undefined ? rows.listDeployments({ app, provider, limit: 1 })[0] : rows.getDeployment(id);
  if (!row || row.app !== app || row.provider !== provider) throw unknownDeployment(app, id);
  return {
    ...report(row),
    kind: row.kind,
    by: row.actor,
    startedAt: new Date(row.startedAt).toISOString(),
    ...(row.endedAt === undefined ? {} : { endedAt: new Date(row.endedAt).toISOString() }),
    ...(row.message ? { message: row.message } : {}),
    steps: row.steps.map(({ step, startedAt, endedAt, outcome, detail }) => ({
      step,
      outcome: outcome ?? (row.status === 'running' ? 'running' : 'interrupted'),
      ...(endedAt === undefined ? {} : { seconds: Math.round((endedAt - startedAt) / 100) / 10 }),
      ...(detail ? { detail } : {}),
    })),
  };
}

/** @throws CallError `invalid_input` for a cursor that is none */
export function pageOf(rows: Rows, query: { app?: string; provider?: Provider; limit: number; cursor?: string }): DeployPage {
  const { limit, cursor, ...filter } = query;
  if (cursor !== undefined && !rows.getDeployment(cursor)) {
    throw new CallError('invalid_input', 'The cursor is none that deploy_list gave.', {
      remedy: 'Call without it to start over.',
      effect: 'none',
    });
  }
  const found = rows.listDeployments({ ...filter, limit: limit + 1, ...(cursor === undefined ? {} : { before: cursor }) });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    deployments: page.map(({ id, app, provider, version, status, actor, startedAt }) => ({
      deployment: id,
      app,
      provider: provider as Provider,
      version,
      status,
      by: actor,
      startedAt: new Date(startedAt).toISOString(),
    })),
    ...(last ? { nextCursor: last.id } : {}),
  };
}

/** The version that served last before the one that serves now, and is still kept. */
export function servedLast(
  rows: Rows,
  app: string,
  provider: Provider,
  serving: string | undefined,
  kept: readonly string[],
): string | undefined {
  const history = rows.listDeployments({ app, provider, limit: remembered });
  return history.find((row) => row.serving !== '' && row.serving !== serving && row.status !== 'running' && kept.includes(row.serving))
    ?.serving;
}

/** A deployment of the same version with other files that got as far as being switched to. */
export function otherFiles(rows: Rows, app: string, version: string, digest: string): DeploymentRow | undefined {
  return rows
    .listDeployments({ app, version, limit: remembered })
    .find((row) => row.kind === 'deploy' && row.digest !== digest && row.status !== 'abandoned');
}

export function hasServed(rows: Rows, app: string, provider: string, version: string): boolean {
  return rows.listDeployments({ app, provider, version, limit: remembered }).some(({ status }) => status === 'done');
}
