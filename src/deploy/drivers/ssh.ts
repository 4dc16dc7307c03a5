/**
 * Invariant: below the folder of an application a release under its own name is whole and checked, and `current` always is a link to one:
 * everything is made under another name and renamed into place.
 */
import { posix } from 'node:path';
import type { Artifact, ArtifactFile, DeployDriver, DriverScope, ReleaseState, SshTargetSpec } from '../../ports/deploy.ts';
import type { NewFile, RemoteHosts } from '../../ports/remote-host.ts';
import { isVersion } from '../version.ts';
import { environmentFile } from './environment-file.ts';
import { failed, howItEnded, isDone, lastLines, type Server, saysYesOrNo, serverOf } from './ssh-commands.ts';
import {
  dropWaiting,
  environmentOf,
  type Releases,
  stageEnvironment,
  takeEnvironmentBack,
  takeNextEnvironment,
} from './ssh-environment.ts';
import { environmentName, incoming, listOrNone, nearestFolder, removing, waiting } from './ssh-places.ts';
import { damaged, environmentInArtifact, foreignCurrent, noSpace, noSuchRelease, noSuchService, otherFilesThere } from './ssh-refusals.ts';

/** Of the disk, beyond a fifth more than the release. */
const spareBytes = 50_000_000;
const removeMs = 5 * 60_000;
const restartMs = 2 * 60_000;
const sumsMs = 10 * 60_000;
const checkMs = 15_000;

/** Servers over SSH: `<folder>/releases/<version>/`, the link `<folder>/current`, and a systemd unit that is restarted. */
export function createSshDriver(hosts: RemoteHosts): DeployDriver<SshTargetSpec> {
  const inspect = async ({ server, folder }: SshTargetSpec, scope: DriverScope): Promise<ReleaseState> => {
    const [serving, entries] = await Promise.all([
      servingOf(folder, server, serverOf(hosts, server, scope)),
      listOrNone(hosts, server, `${folder}/releases`, scope),
    ]);
    const kept = entries
      .filter(({ kind, path }) => kind === 'folder' && isVersion(posix.basename(path)))
      .sort((a, b) => b.modifiedAt - a.modifiedAt || (a.path < b.path ? 1 : -1))
      .map(({ path }) => posix.basename(path));
    return { ...(serving === undefined ? {} : { serving }), kept };
  };
  /** @throws CallError `provider_conflict` when what is in the place of the link was not made by a deployment */
  const inspectOurs = async (target: SshTargetSpec, scope: DriverScope): Promise<ReleaseState> => {
    const { server, folder } = target;
    const [state, entries] = await Promise.all([inspect(target, scope), listOrNone(hosts, server, folder, scope)]);
    if (state.serving !== undefined || !entries.some(({ path }) => posix.basename(path) === 'current')) return state;
    throw foreignCurrent(`${folder}/current`);
  };

  return {
    inspect: ({ target }, scope) => inspect(target, scope),

    async preflight({ target, environment }, artifact, scope) {
      const { server, folder, service } = target;
      refuseEnvironmentFile(artifact, environment);
      const remote = serverOf(hosts, server, scope);
      const existing = await nearestFolder(hosts, server, folder, scope);
      const { kept } = await inspectOurs(target, scope);
      const free = await freeBytes(remote, server, existing);
      const needed = kept.includes(artifact.version) ? 0 : artifact.totalBytes * 1.2 + spareBytes;
      if (free < needed) throw noSpace(server, free, needed);
      if (service) await refuseUnknownService(remote, server, service);
      return [
        `${Math.floor(free / 1e6)} MB free on ${server}`,
        ...(service ? [`${service} is known to systemd`] : []),
        ...(kept.includes(artifact.version)
          ? [`the release ${artifact.version} is there already and is used if its files are the same`]
          : []),
      ];
    },

    async upload({ target: { server, folder } }, artifact, environment, scope) {
      const remote = serverOf(hosts, server, scope);
      const releases = `${folder}/releases`;
      const release = `${releases}/${artifact.version}`;
      const text = environmentFile(environment);
      const place = `${releases}/${incoming}${artifact.version}`;
      const all: Releases = { hosts, server, folder: releases, remote, scope };
      await remote.change(['mkdir', '-p', '--', releases]);
      await dropWaiting(all);
      if ((await listOrNone(hosts, server, releases, scope)).some(({ path }) => posix.basename(path) === artifact.version)) {
        if (!(await hasFiles(remote, server, release, artifact))) throw otherFilesThere(server, artifact.version);
        if (!holdsEnvironment(artifact)) await stageEnvironment(all, artifact.version, text, place);
        return;
      }
      await remote.change(['rm', '-rf', '--', place], removeMs);
      await remote.change(['mkdir', '-p', '--', place]);
      const files = artifact.files.map((file) => newFile(artifact, file));
      await hosts.upload(
        server,
        place,
        text === '' ? files : [...files, environmentOf(text)],
        (bytes) =>
          scope.progress(bytes, artifact.totalBytes, `uploaded ${Math.floor(bytes / 1e6)} of ${Math.ceil(artifact.totalBytes / 1e6)} MB`),
        scope,
      );
      if (!(await hasFiles(remote, server, place, artifact))) throw damaged(server);
      await remote.change(['mv', '-T', '--', place, release]);
    },

    async activate({ target }, version, _healthy, scope) {
      const { server, folder, service } = target;
      const remote = serverOf(hosts, server, scope);
      const { kept } = await inspectOurs(target, scope);
      if (!kept.includes(version)) throw noSuchRelease(server, version);
      const all: Releases = { hosts, server, folder: `${folder}/releases`, remote, scope };
      if (scope.isGoingBack) await takeEnvironmentBack(all);
      else await takeNextEnvironment(all, version);
      const next = `${folder}/current.tmp`;
      await remote.change(['rm', '-rf', '--', next]);
      await remote.change(['ln', '-s', '--', `releases/${version}`, next]);
      await remote.change(['mv', '-T', '--', next, `${folder}/current`]);
      if (!service) return;
      // A unit that crashed too often is not started again (systemd.unit(5), StartLimitBurst=) before its counter is set back.
      await remote.attempt(['systemctl', 'reset-failed', service]);
      await remote.change(['systemctl', 'restart', service], restartMs);
    },

    async check({ target: { server } }, command, scope) {
      const result = await serverOf(hosts, server, scope).ask(command, { timeoutMs: checkMs });
      return isDone(result) ? undefined : `it ${howItEnded(result)}: ${lastLines(result)}`;
    },

    async deactivate({ target }, scope) {
      const { server, folder, service } = target;
      const remote = serverOf(hosts, server, scope);
      await inspectOurs(target, scope);
      if (service) await remote.change(['systemctl', 'stop', service], restartMs);
      await remote.change(['rm', '-rf', '--', `${folder}/current`]);
    },

    async clean({ target }, keep, scope) {
      const { server, folder } = target;
      const remote = serverOf(hosts, server, scope);
      const releases = `${folder}/releases`;
      const { serving, kept } = await inspect(target, scope);
      for (const version of kept.filter((each) => each !== serving && !keep.includes(each))) {
        // Not a release any more from here on, however far its removal comes.
        await remote.change(['rm', '-rf', '--', `${releases}/${removing}${version}`], removeMs);
        await remote.change(['mv', '-T', '--', `${releases}/${version}`, `${releases}/${removing}${version}`]);
      }
      for (const { path } of await listOrNone(hosts, server, releases, scope)) {
        const name = posix.basename(path);
        if ([incoming, removing, waiting].some((beginning) => name.startsWith(beginning)))
          await remote.change(['rm', '-rf', '--', `${releases}/${name}`], removeMs);
      }
    },

    steps: ({ target: { server, folder, service }, environment, keepReleases }) => [
      `upload to ${server}:${folder}/releases, checksums compared`,
      ...(Object.keys(environment).length > 0 ? [`write ${environmentName} of the release`] : []),
      'switch the link current',
      ...(service ? [`restart ${service}`] : []),
      `remove releases beyond ${keepReleases}`,
    ],
    cost: () => 'Nothing beyond the server itself.',
  };
}

function newFile(artifact: Artifact, file: ArtifactFile): NewFile {
  const { path, sizeBytes, mode } = file;
  return { path, sizeBytes, mode, open: () => artifact.open(file) };
}

/** The version that the link names; undefined when there is none, or it leads elsewhere. */
async function servingOf(folder: string, server: string, remote: Server): Promise<string | undefined> {
  const argv = ['readlink', '--', `${folder}/current`] as const;
  const result = await remote.ask(argv);
  if (!saysYesOrNo(result)) throw failed(server, argv, result);
  const to = result.stdout.trim().replace(`${folder}/`, '');
  const version = to.startsWith('releases/') ? to.slice('releases/'.length) : '';
  return isDone(result) && isVersion(version) ? version : undefined;
}

/** By `df -P` (POSIX): the fourth column of the second line, in KiB. */
async function freeBytes(remote: Server, server: string, folder: string): Promise<number> {
  const argv = ['df', '-Pk', '--', folder] as const;
  const result = await remote.ask(argv);
  const free = /^\S.*\s+\d+\s+\d+\s+(\d+)\s+\S+%\s+\//m.exec(result.stdout)?.[1];
  if (!isDone(result) || free === undefined) throw failed(server, argv, result);
  return Number(free) * 1024;
}

async function refuseUnknownService(remote: Server, server: string, service: string): Promise<void> {
  const argv = ['systemctl', 'show', '--property=LoadState', '--value', service] as const;
  const result = await remote.ask(argv);
  if (!isDone(result)) throw failed(server, argv, result);
  const state = result.stdout.trim();
  if (state === 'loaded') return;
  throw noSuchService(server, service, state);
}

/** Compares by sha256sum(1) where the files are. Paths hold no backslash and no line break, so that each line means what it says. */
async function hasFiles(remote: Server, server: string, folder: string, { files }: Artifact): Promise<boolean> {
  const stdin = files.map(({ sha256, path }) => `${sha256}  ${folder}/${path}\n`).join('');
  const argv = ['sha256sum', '--check', '--strict', '--quiet', '-'] as const;
  const result = await remote.ask(argv, { stdin, timeoutMs: sumsMs });
  if (!saysYesOrNo(result)) throw failed(server, argv, result);
  return isDone(result);
}

function refuseEnvironmentFile(artifact: Artifact, environment: Readonly<Record<string, string>>): void {
  if (Object.keys(environment).length > 0 && holdsEnvironment(artifact)) throw environmentInArtifact(environmentName);
}

function holdsEnvironment({ files }: Artifact): boolean {
  return files.some(({ path }) => path === environmentName);
}
