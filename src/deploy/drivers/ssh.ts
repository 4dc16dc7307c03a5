/**
 * Invariant: below the folder of an application a release under its own name is whole and checked, and `current` always is a link to one:
 * everything is made under another name and renamed into place.
 */
import { posix } from 'node:path';
import { CallError } from '../../call/errors.ts';
import type { Artifact, ArtifactFile, DeployDriver, DriverScope, ReleaseState, SshTargetSpec } from '../../ports/deploy.ts';
import type { NewFile, RemoteFile, RemoteHosts } from '../../ports/remote-host.ts';
import { refused } from '../failures.ts';
import { isVersion } from '../version.ts';
import { environmentFile } from './environment-file.ts';
import { failed, howItEnded, isDone, lastLines, type Server, serverOf } from './ssh-commands.ts';
import { damaged, foreignCurrent, noSpace, noSuchRelease, otherFilesThere } from './ssh-refusals.ts';

const environmentName = '.env';
const incoming = '.incoming-';
const removing = '.removing-';
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
      servingOf(folder, serverOf(hosts, server, scope)),
      listOrNone(hosts, server, `${folder}/releases`, scope),
    ]);
    const kept = entries
      .filter(({ kind, path }) => kind === 'folder' && isVersion(posix.basename(path)))
      .sort((a, b) => b.modifiedAt - a.modifiedAt || (a.path < b.path ? 1 : -1))
      .map(({ path }) => posix.basename(path));
    return { ...(serving === undefined ? {} : { serving }), kept };
  };

  return {
    inspect: ({ target }, scope) => inspect(target, scope),

    async preflight({ target, environment }, artifact, scope) {
      const { server, folder, service } = target;
      refuseEnvironmentFile(artifact, environment);
      const remote = serverOf(hosts, server, scope);
      const [existing, entries] = await Promise.all([
        nearestFolder(hosts, server, folder, scope),
        listOrNone(hosts, server, folder, scope),
      ]);
      const current = entries.find(({ path }) => posix.basename(path) === 'current');
      const { serving, kept } = await inspect(target, scope);
      if (current && serving === undefined) throw foreignCurrent(`${folder}/current`);
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
      await remote.change(['mkdir', '-p', '--', releases]);
      if ((await listOrNone(hosts, server, releases, scope)).some(({ path }) => posix.basename(path) === artifact.version)) {
        if (!(await hasFiles(remote, release, artifact))) throw otherFilesThere(server, artifact.version);
        if (text === '') await remote.change(['rm', '-rf', '--', `${release}/${environmentName}`]);
        else await hosts.upload(server, release, [environmentOf(text)], () => {}, scope);
        return;
      }
      const place = `${releases}/${incoming}${artifact.version}`;
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
      if (!(await hasFiles(remote, place, artifact))) throw damaged(server);
      await remote.change(['mv', '-T', '--', place, release]);
    },

    async activate({ target }, version, _healthy, scope) {
      const { server, folder, service } = target;
      const remote = serverOf(hosts, server, scope);
      const { kept } = await inspect(target, scope);
      if (!kept.includes(version)) throw noSuchRelease(server, version);
      const next = `${folder}/current.tmp`;
      await remote.change(['rm', '-rf', '--', next]);
      await remote.change(['ln', '-s', '--', `releases/${version}`, next]);
      await remote.change(['mv', '-T', '--', next, `${folder}/current`]);
      if (service) await remote.change(['systemctl', 'restart', service], restartMs);
    },

    async check({ target: { server } }, command, scope) {
      const result = await serverOf(hosts, server, scope).ask(command, { timeoutMs: checkMs });
      return isDone(result) ? undefined : `it ${howItEnded(result)}: ${lastLines(result)}`;
    },

    async deactivate({ target: { server, folder, service } }, scope) {
      const remote = serverOf(hosts, server, scope);
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
        if (name.startsWith(incoming) || name.startsWith(removing))
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

function environmentOf(text: string): NewFile {
  const bytes = Buffer.from(text);
  return {
    path: environmentName,
    sizeBytes: bytes.length,
    mode: 0o600,
    open: async () => (await import('node:stream')).Readable.from([bytes]),
  };
}

/** The version that the link names; undefined when there is none, or it leads elsewhere. */
async function servingOf(folder: string, remote: Server): Promise<string | undefined> {
  const result = await remote.ask(['readlink', '--', `${folder}/current`]);
  const to = result.stdout.trim().replace(`${folder}/`, '');
  const version = to.startsWith('releases/') ? to.slice('releases/'.length) : '';
  return isDone(result) && isVersion(version) ? version : undefined;
}

async function listOrNone(hosts: RemoteHosts, server: string, folder: string, scope: DriverScope): Promise<RemoteFile[]> {
  try {
    return await hosts.list(server, folder, scope);
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return [];
    throw error;
  }
}

/** The folder, or the nearest above it that is there: the one whose disk it will be on. */
async function nearestFolder(hosts: RemoteHosts, server: string, folder: string, scope: DriverScope): Promise<string> {
  if (folder === '/') return folder;
  const found = await hosts.stat(server, folder, scope);
  if (found?.kind === 'folder') return folder;
  if (found)
    throw refused(
      'provider_conflict',
      'NotAFolder',
      `${folder} on ${server} is no folder.`,
      'Correct folder in ziggie.yaml, or move the file.',
    );
  return nearestFolder(hosts, server, posix.dirname(folder), scope);
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
  throw new CallError('target_unresolved', `systemd on ${server} does not know the service ${service} (${state || 'no answer'}).`, {
    remedy: 'Install its unit on the server, or correct service in ziggie.yaml.',
    provider: { code: 'NoSuchService' },
  });
}

/** Compares by sha256sum(1) where the files are. Paths hold no backslash and no line break, so that each line means what it says. */
async function hasFiles(remote: Server, folder: string, { files }: Artifact): Promise<boolean> {
  const stdin = files.map(({ sha256, path }) => `${sha256}  ${folder}/${path}\n`).join('');
  return isDone(await remote.ask(['sha256sum', '--check', '--strict', '--quiet', '-'], { stdin, timeoutMs: sumsMs }));
}

function refuseEnvironmentFile({ files }: Artifact, environment: Readonly<Record<string, string>>): void {
  if (Object.keys(environment).length === 0 || !files.some(({ path }) => path === environmentName)) return;
  throw refused(
    'provider_conflict',
    'EnvironmentInArtifact',
    `The artifact holds ${environmentName}, which is where the environment of ziggie.yaml is written.`,
    'Take it out of the artifact, or the environment out of ziggie.yaml.',
  );
}
