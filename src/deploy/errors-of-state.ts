import { CallError } from '../call/errors.ts';
import type { DeploymentRow } from '../ports/state.ts';
import { refused } from './failures.ts';

/** Refusals that come of what is on record of an application. All are `provider_conflict` or `target_unresolved`, with nothing done. */

const waitForIt = 'Wait until deploy_status says that it has ended, then call again.';
/** Its own health check takes that long at least. */
const nextLookMs = 10_000;

export function running(app: string, row: DeploymentRow | undefined): CallError {
  const by = row
    ? `${row.actor} is deploying ${row.version} since ${new Date(row.startedAt).toISOString()} (${row.id})`
    : 'one has just begun';
  return later('DeployRunning', `A deployment of ${app} is running: ${by}.`);
}

export function interruptedBefore(app: string, { id, version }: DeploymentRow): CallError {
  return later('DeployInterrupted', `The deployment ${id} of ${app} ${version} was interrupted, and is being finished or put back.`);
}

function later(code: string, message: string): CallError {
  return new CallError('provider_conflict', message, {
    remedy: waitForIt,
    retryable: true,
    retryAfterMs: nextLookMs,
    provider: { code },
    effect: 'none',
  });
}

export function versionReused(app: string, version: string, { id }: DeploymentRow): CallError {
  return refused(
    'provider_conflict',
    'VersionReused',
    `${app} ${version} was deployed before with other files (${id}).`,
    'Give the new build a version of its own: a version stands for the same files for ever.',
  );
}

export function otherThanPlanned(app: string, version: string): CallError {
  return refused(
    'provider_conflict',
    'ArtifactChanged',
    `The artifact of ${app} ${version} is not the one that was planned.`,
    'Look at it with deploy_plan again, and deploy with the digest that it gives.',
  );
}

export function servingMoved(app: string, before: string, now: string): CallError {
  return refused(
    'provider_conflict',
    'ServingChanged',
    `What serves of ${app} has changed since this deployment began: it was ${before || 'nothing'}, and is ${now || 'nothing'} now.`,
    'Find out who changed it, and deploy again.',
  );
}

export function servesAlready(app: string, version: string): CallError {
  return refused('provider_conflict', 'ServesAlready', `${version} of ${app} serves already.`, 'Name another version, or leave it.');
}

export function nowhereToGo(app: string, version: string | undefined, kept: readonly string[]): CallError {
  const message =
    version === undefined ? `No version of ${app} served before the one that serves now.` : `The release ${version} of ${app} is not kept.`;
  const remedy = kept.length > 0 ? `Name a release that is kept: ${kept.join(', ')}.` : 'No release is kept: use deploy_application.';
  return new CallError('target_unresolved', message, { remedy, effect: 'none' });
}

export function takenOver(id: string): CallError {
  return refused(
    'provider_conflict',
    'DeployTakenOver',
    `This process has given up the deployment ${id}; another will finish it or put it back.`,
    'Ask deploy_status what became of it.',
  );
}

export function unknownDeployment(app: string, id: string | undefined): CallError {
  return new CallError('target_unresolved', id === undefined ? `${app} was never deployed.` : `${app} has no deployment ${id}.`, {
    remedy: id === undefined ? 'Use deploy_plan to see what deploying it would do.' : 'Take an id from deploy_list.',
    effect: 'none',
  });
}
