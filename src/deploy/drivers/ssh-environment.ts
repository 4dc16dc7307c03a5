/**
 * Invariant: an environment for a release that is there already, and that may serve, waits beside it with a copy of the one that it
 * replaces. Both take its place by one rename: the new one when the release is activated, the copy when that is taken back.
 */
import { posix } from 'node:path';
import type { DriverScope } from '../../ports/deploy.ts';
import type { NewFile, RemoteHosts } from '../../ports/remote-host.ts';
import type { Server } from './ssh-commands.ts';
import { environmentName, listOrNone, waiting } from './ssh-places.ts';

/** Where it stands that there is to be no environment. */
const none = 'none';

export interface Releases {
  readonly hosts: RemoteHosts;
  readonly server: string;
  /** The folder `releases`. */
  readonly folder: string;
  readonly remote: Server;
  readonly scope: DriverScope;
}

/** @param text of the environment; empty: none. @param making a folder that only this deployment writes to */
export async function stageEnvironment(releases: Releases, version: string, text: string, making: string): Promise<void> {
  const { hosts, server, folder, remote, scope } = releases;
  const live = `${folder}/${version}/${environmentName}`;
  const there = await hosts.stat(server, live, scope);
  const before = there && (await hosts.read(server, live, { offset: 0, maxBytes: there.sizeBytes }, scope));
  if (text === (before?.toString() ?? '')) return;
  const files = [
    ...(text === '' ? [] : [environmentOf(text, `next/${environmentName}`)]),
    ...(before ? [environmentOf(before, `before/${environmentName}`)] : []),
  ];
  await remote.change(['rm', '-rf', '--', making]);
  await remote.change(['mkdir', '-p', '--', making]);
  if (files.length > 0) await hosts.upload(server, making, files, () => {}, scope);
  if (text === '') await remote.change(['mkdir', '-p', '--', `${making}/next/${none}`]);
  if (!before) await remote.change(['mkdir', '-p', '--', `${making}/before/${none}`]);
  await remote.change(['mv', '-T', '--', making, `${folder}/${waiting}${version}`]);
}

/** Forgets what was left by deployments that are over. */
export async function dropWaiting(releases: Releases): Promise<void> {
  for (const each of await waitingFor(releases)) await remove(releases, `${waiting}${each}`);
}

/** Gives the version the environment that waits for it. What waits for others was left by deployments that are over. */
export async function takeNextEnvironment(releases: Releases, version: string): Promise<void> {
  for (const each of await waitingFor(releases)) {
    if (each === version) await take(releases, each, 'next');
    else await remove(releases, `${waiting}${each}`);
  }
}

/** Gives the version that was deployed the environment back that it had. */
export async function takeEnvironmentBack(releases: Releases): Promise<void> {
  for (const each of await waitingFor(releases)) {
    await take(releases, each, 'before');
    await remove(releases, `${waiting}${each}`);
  }
}

/** May be repeated: what was taken is not there any more. */
async function take({ hosts, server, folder, remote, scope }: Releases, version: string, which: 'next' | 'before'): Promise<void> {
  const live = `${folder}/${version}/${environmentName}`;
  const from = `${folder}/${waiting}${version}/${which}`;
  const names = (await listOrNone(hosts, server, from, scope)).map(({ path }) => posix.basename(path));
  if (names.includes(environmentName)) await remote.change(['mv', '-T', '--', `${from}/${environmentName}`, live]);
  if (names.includes(none)) await remote.change(['rm', '-rf', '--', live]);
}

async function waitingFor({ hosts, server, folder, scope }: Releases): Promise<string[]> {
  const names = (await listOrNone(hosts, server, folder, scope)).map(({ path }) => posix.basename(path));
  return names.filter((name) => name.startsWith(waiting)).map((name) => name.slice(waiting.length));
}

async function remove({ folder, remote }: Releases, name: string): Promise<void> {
  await remote.change(['rm', '-rf', '--', `${folder}/${name}`]);
}

export function environmentOf(content: string | Buffer, path = environmentName): NewFile {
  const bytes = Buffer.from(content);
  return {
    path,
    sizeBytes: bytes.length,
    mode: 0o600,
    open: async () => (await import('node:stream')).Readable.from([bytes]),
  };
}
