import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRedactor } from '../../src/call/redact.ts';
import { loadSettings } from '../../src/config/load.ts';
import { connectClouds } from '../../src/connect-clouds.ts';
import type { ApplicationTarget } from '../../src/ports/domain.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { failure, newCall } from '../aws/harness.ts';
import { temporaryFolder } from '../support/folders.ts';
import { vpsTarget } from './harness.ts';

/** What ziggie.yaml says of a server, and what follows of it for the applications there. */

const yaml = `
agents: [{ id: agent-marcus, teams: [backend] }]
hostinger: { servers: [{ name: vps-1, id: 7, tags: { Project: Ziggie, Protected: 'true', Team: backend }, readFolders: [/srv] }] }
apps:
  - name: api
    team: backend
    tags: { Team: api }
    source: { folder: 'dist/{version}' }
    targets:
      hostinger: { server: vps-1, folder: /srv/api }
      aws: { kind: lambda, function: ziggie-api, alias: live }
    health: { url: 'https://example.com' }
`;

it('a server says how its applications are guarded, and no file of theirs is shown', async () => {
  const folder = mkdtempSync(join(temporaryFolder(), 'config-'));
  mkdirSync(join(folder, 'policy'));
  writeFileSync(join(folder, 'ziggie.yaml'), yaml);
  const state = join(folder, 'state');
  const settings = await loadSettings({ folder, sandbox: true, toolsets: ['access'], env: { ZIGGIE_STATE: state } });
  const store = openSqliteStore(join(folder, 'store'));
  const redactor = createRedactor();
  const clouds = connectClouds({ settings, guard: createGuard(), store, redactor, sessionPolicy: () => '' });
  const { targets } = await clouds.resolvers.Application({ type: 'Application', app: 'api' }, newCall());
  const tagsAt = (provider: string) => targets.find((each: ApplicationTarget) => each.provider === provider)?.tags;
  // The application's own tags come first, and AWS does not know the server.
  expect(tagsAt('hostinger')).toEqual({ Project: 'Ziggie', Protected: 'true', Team: 'api' });
  expect(tagsAt('aws')).toEqual({ Team: 'api' });

  const read = (path: string) => failure(clouds.ports.vps.readFile(vpsTarget('vps-1'), { path, offset: 0, maxBytes: 1_000 }, newCall()));
  expect(await read('/srv/api/current/config.json')).toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('hold secrets'),
  });
  expect(await read('/srv/other/app.log')).toMatchObject({ code: 'provider_not_found' });
  await clouds.close(0);
  store.close();
});
