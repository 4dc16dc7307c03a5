import { join } from 'node:path';
import type { CallResult } from '../call/call.ts';
import { importsFrom, type SecretImport } from '../config/secret-imports.ts';
import type { Principal } from '../ports/domain.ts';
import type { ZiggieServer } from '../server.ts';
import { agentOf, type CommonOptions, withServer } from './context.ts';
import { CliError, exit, exitCodeOf, print } from './output.ts';

/**
 * Moves the server's own credentials from a file into Secrets Manager, over the same road as an agent's call: policy decides,
 * and the record shows it. Prints what went where, and no value. Stops at the first secret that cannot be written.
 */
export async function importSecrets(options: CommonOptions & { from?: string; agent: string; withKey?: boolean }): Promise<void> {
  await withServer(options, async (server, settings) => {
    const file = options.from ?? join(settings.folder, '.env');
    const imports = importsFrom(file, options.withKey ?? false);
    if (imports.length === 0)
      throw new CliError(exit.failed, `${file} sets none of HOSTINGER_API_TOKEN, HOSTINGER_VPS_HOST, HOSTINGER_SSH_*.`);
    const principal = server.agent(agentOf(settings, options.agent).id);
    for (const each of imports) {
      const verb = await write(server, principal, each);
      for (const [field, origin] of Object.entries(each.origins)) print(`${origin} → secret ${each.secret}, field ${field} (${verb})`);
    }
    if (settings.sandbox) return print(`\nThis was the sandbox, and nothing of it is kept: leave ${file} as it is.`);
    const variables = [...new Set(imports.flatMap(({ origins }) => Object.values(origins)))];
    print(`\nThese lines of ${file} can be removed now: ${variables.join(', ')}\nziggie-cloud doctor shows where each value comes from.`);
    if (!settings.production) print('Without ZIGGIE_ENV=production a line that stays wins over Secrets Manager.');
  });
}

async function write(server: ZiggieServer, principal: Principal | undefined, { secret, members }: SecretImport): Promise<string> {
  const call = (tool: string, input: object) =>
    server.invoke({
      ...(principal ? { principal } : {}),
      tool,
      input: { name: secret, ...server.configurationPlace, ...input },
      client: 'cli',
    });
  const value = { secretValue: JSON.stringify(members) };
  const found = await call('secrets_describe', {});
  if (found.ok) {
    expectDone(await call('secrets_update', value));
    return 'replaced; the value before is its version AWSPREVIOUS';
  }
  if (found.error.code !== 'target_unresolved') expectDone(found);
  expectDone(await call('secrets_create', { ...value, description: 'Credentials of ziggie-cloud' }));
  return 'made';
}

/** @throws CliError with the exit code of the error (denied by policy: 3, approval required: 4) */
function expectDone(result: CallResult): void {
  if (result.ok) return;
  const { code, message, remedy, effect, callId, approval } = result.error;
  throw new CliError(
    exitCodeOf(result),
    `${code}: ${message}\n${remedy}\neffect: ${effect}  call: ${callId}${approval ? `\napprove with: ${approval.how}` : ''}`,
  );
}
