import { parseArgs } from 'node:util';
import { CallError } from '../call/errors.ts';
import { CliError, exit, warn } from './output.ts';

/** Commands that start a server are on the hot path of every IDE: they are told apart before the argument parser loads. */
export async function main(argv: readonly string[]): Promise<void> {
  // Node's own report would print the error as it is, whatever it quotes.
  process.on('uncaughtException', (error) => {
    void reportCrash(error).finally(() => process.exit(exit.failed));
  });
  try {
    const options = stdioOptions(argv);
    if (options) await (await import('./stdio.ts')).stdio(options);
    else await (await import('./program.ts')).run(argv);
  } catch (error) {
    process.exitCode = await report(error);
  }
}

/** `stdio` with the options that it has, each at most once; undefined for anything that the argument parser should see. */
function stdioOptions(argv: readonly string[]): { agent?: string; config?: string; sandbox?: boolean } | undefined {
  const [command, ...rest] = argv;
  if (command !== 'stdio') return undefined;
  try {
    const { values } = parseArgs({
      args: rest,
      options: { agent: { type: 'string' }, config: { type: 'string' }, sandbox: { type: 'boolean' } },
    });
    return values;
  } catch {
    return undefined;
  }
}

/** Says what went wrong in words, and how to exit. */
async function report(error: unknown): Promise<number> {
  if (error instanceof CliError) {
    if (error.message) warn(error.message);
    return error.exitCode;
  }
  if (error instanceof CallError) {
    warn(`${error.message} ${error.details.remedy}`);
    if (error.code === 'invalid_input') return exit.usage;
    return ['audit_unavailable', 'internal', 'provider_not_configured'].includes(error.code) ? exit.configuration : exit.failed;
  }
  if (error instanceof Error && (error.name === 'ConfigError' || error.name === 'PolicyError')) {
    warn(`${error.message}\nziggie-cloud does not start with this configuration.`);
    return exit.configuration;
  }
  await reportCrash(error);
  return exit.failed;
}

async function reportCrash(error: unknown): Promise<void> {
  const { crashText } = await import('../crash.ts');
  warn(crashText(error));
}
