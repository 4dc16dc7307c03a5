import type { CallResult } from '../call/call.ts';
import type { ErrorCode } from '../call/errors.ts';

/** Exit codes (design section 3). */
export const exit = { done: 0, failed: 1, usage: 2, denied: 3, approvalRequired: 4, configuration: 5 } as const;

/** Thrown by a command to end with a code and a line on stderr. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

const codes: Partial<Record<ErrorCode, number>> = {
  policy_denied: exit.denied,
  approval_rejected: exit.denied,
  approval_required: exit.approvalRequired,
  invalid_input: exit.usage,
  unknown_operation: exit.usage,
};

export function exitCodeOf(result: CallResult): number {
  return result.ok ? exit.done : (codes[result.error.code] ?? exit.failed);
}

/** Output for people and scripts. Only the CLI's commands write here; the stdio server's stdout belongs to the protocol. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

export function warn(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
