import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDeploy, type Deploy } from '../../src/deploy/deploy.ts';
import { createSshDriver } from '../../src/deploy/drivers/ssh.ts';
import type { AppSpec } from '../../src/ports/deploy.ts';
import type { RemoteHosts } from '../../src/ports/remote-host.ts';
import { createRemoteHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

/** What a process needs to know of the server, the application and the state; given to children as JSON. */
export interface SshPlace {
  readonly folder: string;
  readonly ssh: { readonly host: string; readonly port: number; readonly user: string; readonly hostKey: string; readonly keyPath: string };
  readonly appPort: number;
}

export function appOf({ folder, appPort }: SshPlace): AppSpec {
  return {
    name: 'web',
    team: 'frontend',
    tags: {},
    source: { kind: 'folder', path: 'builds/{version}' },
    health: {
      url: `http://127.0.0.1:${appPort}/`,
      expectStatus: 200,
      expectText: 'this is {version}',
      withinSeconds: 5,
      everySeconds: 0.1,
    },
    keepReleases: 3,
    environment: { PORT: String(appPort), GREETING: 'hello "$USER" `id` \\' },
    targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder: join(folder, 'srv'), service: 'web.service' } },
  };
}

/** @param laterMs how much later it is for this process: beyond the lease of one that was killed */
export function openSshDeploy(place: SshPlace, { laterMs = 0, app = appOf(place), wrap = (hosts: RemoteHosts) => hosts } = {}) {
  const { folder, ssh } = place;
  const hosts = createRemoteHosts({
    guard: createGuard(),
    hosts: [
      {
        name: 'vps-1',
        sessions: 4,
        settings: async () => ({
          host: ssh.host,
          port: ssh.port,
          user: ssh.user,
          hostKeys: [ssh.hostKey],
          key: { kind: 'file', path: ssh.keyPath },
        }),
      },
    ],
  });
  const store = openSqliteStore(join(folder, 'state'));
  const driver = createSshDriver(wrap(hosts));
  const none = () => Promise.reject(new Error('no such driver here'));
  const deploy: Deploy = createDeploy({
    apps: () => [app],
    drivers: { ssh: async () => driver, ec2: none, 'static-site': none, lambda: none },
    artifacts: { configFolder: folder, temporaryFolder: join(folder, 'tmp'), store: { open: none } },
    store,
    mask: (text) => text,
    nearest: () => undefined,
    outlived: () => undefined,
    clock: {
      now: () => Date.now() + laterMs,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
  });
  return {
    deploy,
    store,
    hosts,
    async close() {
      await deploy.close(0);
      await hosts.close();
      store.close();
    },
  };
}

/** A program that says its version and a word of its environment over HTTP. */
export function build(folder: string, version: string, status = 200): void {
  const at = join(folder, 'builds', version);
  mkdirSync(join(at, "public/it's; $(id)"), { recursive: true });
  writeFileSync(
    join(at, 'server.mjs'),
    `import { createServer } from 'node:http';
createServer((_, response) => response.writeHead(${status}, { connection: 'close' }).end('this is ${version}: ' + process.env.GREETING)).listen(process.env.PORT, '127.0.0.1');
`,
  );
  writeFileSync(join(at, "public/it's; $(id)", '-rf *?".txt'), version);
  writeFileSync(join(at, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(at, 'run.sh'), 0o755);
}

/**
 * Stands for systemd, which needs a machine of its own: really starts and ends the program that `current` leads to, under the
 * environment of its release. Knows the one unit.
 */
export function installSystemctl(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, 'systemctl'),
    `#!/bin/sh
run='${folder}/run.pid'
stop() {
  [ -f "$run" ] || return 0
  read -r pid < "$run"
  kill -9 "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
  rm -f "$run"
}
for unit in "$@"; do :; done
case "$1" in
  show) if [ "$unit" = web.service ]; then echo loaded; else echo not-found; fi ;;
  stop) stop ;;
  reset-failed) rm -f '${folder}/start-limit' ;;
  restart)
    [ "$unit" = web.service ] || { echo "Unit $unit not found." >&2; exit 5; }
    [ ! -f '${folder}/start-limit' ] || { echo 'Start request repeated too quickly.' >&2; exit 1; }
    stop
    cd '${folder}/srv/current' || exit 1
    set -a; . ./.env; set +a
    setsid '${process.execPath}' server.mjs < /dev/null > /dev/null 2>&1 &
    echo $! > "$run" ;;
  *) exit 2 ;;
esac
`,
  );
  chmodSync(join(bin, 'systemctl'), 0o755);
  return bin;
}
