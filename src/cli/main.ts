import { CallError } from '../call/errors.ts';
import { CliError, exit, warn } from './output.ts';

/** Commands that start a server are on the hot path of every IDE: they are told apart before the argument parser loads. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const { run } = await import('./program.ts');
    await run(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Says what went wrong in words, and how to exit. */
function report(error: unknown): number {
  if (error instanceof CliError) {
    if (error.message) warn(error.message);
    return error.exitCode;
  }
  if (error instanceof CallError) {
    warn(`${error.message} ${error.details.remedy}`);
    return exit.configuration;
  }
  if (error instanceof Error && (error.name === 'ConfigError' || error.name === 'PolicyError')) {
    warn(`${error.message}\nziggie-cloud does not start with this configuration.`);
    return exit.configuration;
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exit.failed;
}
