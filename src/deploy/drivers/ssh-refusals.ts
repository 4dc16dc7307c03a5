import { CallError } from '../../call/errors.ts';
import { refused } from '../failures.ts';

/** What a deployment over SSH refuses, each with what to do about it. */

export function foreignCurrent(path: string) {
  return refused(
    'provider_conflict',
    'ForeignCurrent',
    `${path} is there and was not made by a deployment.`,
    'Move it away by hand, and deploy again.',
  );
}

export function noSpace(server: string, free: number, needed: number) {
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return refused(
    'provider_rejected',
    'NoSpace',
    `${server} has ${mb(free)} free, and the release needs ${mb(needed)}.`,
    'Make room on the server, or keep fewer releases (keepReleases in ziggie.yaml).',
  );
}

export function otherFilesThere(server: string, version: string) {
  return refused(
    'provider_conflict',
    'VersionReused',
    `The release ${version} on ${server} has other files than the artifact.`,
    'Give the new build a version of its own: a version stands for the same files for ever.',
  );
}

export function damaged(server: string) {
  return refused(
    'provider_rejected',
    'ChecksumMismatch',
    `What arrived on ${server} is not what was sent.`,
    'Deploy again; if it repeats, look at the disk of the server.',
  );
}

export function noSuchRelease(server: string, version: string) {
  return refused(
    'provider_not_found',
    'NoSuchRelease',
    `There is no release ${version} on ${server}.`,
    'Use deploy_application, or a release that deploy_plan names.',
  );
}

export function noSuchService(server: string, service: string, state: string) {
  return new CallError('target_unresolved', `systemd on ${server} does not know the service ${service} (${state || 'no answer'}).`, {
    remedy: 'Install its unit on the server, or correct service in ziggie.yaml.',
    provider: { code: 'NoSuchService' },
  });
}

export function environmentInArtifact(name: string) {
  return refused(
    'provider_conflict',
    'EnvironmentInArtifact',
    `The artifact holds ${name}, which is where the environment of ziggie.yaml is written.`,
    'Take it out of the artifact, or the environment out of ziggie.yaml.',
  );
}
