/**
 * Invariant: the server's login shell reads nothing of ours but quoted words. The first thing that comes back says which process group
 * the command is, so that it can be ended there.
 *
 * What is assumed of the server: a login shell of the POSIX family that takes `-c`, and `sh`, `printf` and `kill` as POSIX has them. sshd
 * starts each command as the leader of a session of its own, so that its process id is its process group too.
 */
import { CallError } from '../../../call/errors.ts';
import type { RemoteCommand } from '../../../ports/remote-host.ts';
import { quote } from './quote.ts';

/** Says who it is and becomes the command: no shell stays between us and it, so that signals and exit codes are its own. */
const announce = 'printf "%s %s\\n" "$1" "$$"; shift; exec "$@"';

/**
 * Asks, waits a second, and insists. A group that nobody may signal (of another user, by sudo) is not gone because the signal failed.
 * What is killed may stay on as zombies for as long as nobody waits for them, and is over all the same.
 */
const end = [
  'kill -s TERM -- "-$1" 2>/dev/null || { ! ps -p "$1" >/dev/null 2>&1; exit; }',
  'for i in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 -- "-$1" 2>/dev/null || exit 0; sleep 0.1; done',
  'kill -s KILL -- "-$1" 2>/dev/null && sleep 0.1',
  'exit 0',
].join('\n');

/**
 * What is sent to run a command. It first prints the mark, a space, its process id and a line feed.
 * @param mark letters and digits that the output cannot guess
 * @throws CallError `invalid_input` for words that cannot be sent, and for a program name that would be read as an option
 */
export function commandLine(command: RemoteCommand, mark: string): string {
  const words = 'argv' in command ? command.argv : (['sh', '-c', command.shell] as const);
  if (words[0] === '' || words[0].startsWith('-')) {
    throw new CallError(
      'invalid_input',
      'A command begins with the name of a program, and that is empty or begins with a dash. Nothing was sent.',
      {
        remedy: 'Give the path of the program.',
      },
    );
  }
  return `exec ${quote(['sh', '-c', announce, 'ziggie', mark, ...words])}`;
}

/** Ends a process group and all in it, within little more than a second; exits with 0 when nothing of it runs any more. */
export function endingLine(processGroup: number): string {
  return `exec ${quote(['sh', '-c', end, 'ziggie', String(processGroup)])}`;
}
