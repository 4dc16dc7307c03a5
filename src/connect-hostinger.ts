import { join } from 'node:path';
import { CallError } from './call/errors.ts';
import type { Settings } from './config/load.ts';
import type { ProvidedValues } from './config/provided-values.ts';
import type { Guard } from './ports/guard.ts';
import { createHostinger, type HostingerProvider } from './providers/hostinger/index.ts';
import { sshHosts } from './ssh-hosts.ts';

const tokenName = 'hostinger-api-token';

/** Hostinger as configured, or the sandbox below the same adapters. */
export async function connectHostinger(
  settings: Settings,
  guard: Guard,
  provided: () => Promise<ProvidedValues>,
): Promise<HostingerProvider> {
  const { apiUrl, servers, zones } = settings.hostinger;
  const deployFolders = settings.apps.flatMap(({ targets: { hostinger } }) => hostinger ?? []);
  const common = { guard, baseUrl: apiUrl, servers, deployFolders, zones, sshRanges: settings.security.sshRanges };
  if (!settings.sandbox) {
    return createHostinger({
      ...common,
      hosts: sshHosts(settings.hostinger, provided),
      token: async () => {
        const token = await (await provided()).get(tokenName);
        if (token) return token.value;
        throw new CallError('provider_not_configured', 'There is no API token for Hostinger.', {
          remedy: 'Set HOSTINGER_API_TOKEN, or the field token of the secret ziggie/hostinger-api-token.',
          effect: 'none',
        });
      },
      refreshToken: async (refused) => (await provided()).refresh(tokenName, refused),
    });
  }
  const [{ createSandboxHostinger }, { createSandboxSsh }] = await Promise.all([
    import('./providers/sandbox/hostinger/index.ts'),
    import('./providers/sandbox/ssh/index.ts'),
  ]);
  const names = servers.map(({ name }) => name);
  const machines = servers.flatMap(({ name, id }, index) => (id === undefined ? [] : [{ name, id, ip: `192.0.2.${index + 10}` }]));
  const { dispatcher } = createSandboxHostinger({ servers: machines, zones });
  const ssh = createSandboxSsh({ servers: names, folder: join(settings.stateFolder, 'servers') });
  const hostinger = createHostinger({
    ...common,
    hosts: names.map((name) => ({ name, sessions: 8, settings: () => ssh.settings(name) })),
    token: async () => 'sandbox',
    refreshToken: async () => false,
    dispatcher,
    pollMs: 200,
    // Nobody counts here.
    limit: { burst: 1_000, perMinute: 60_000 },
  });
  return {
    ...hostinger,
    async close() {
      await hostinger.close();
      await ssh.close();
    },
  };
}
