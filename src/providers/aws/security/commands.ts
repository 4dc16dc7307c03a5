/** Invariant: a name that came from the cloud is one word of a command, whatever is in it. */
import type { Scope } from '../accounts.ts';

/** A call of a tool, as an agent would make it. */
export function toolCall(tool: string, input: Readonly<Record<string, string | undefined>>): string {
  return `${tool} ${JSON.stringify(input)}`;
}

/** A command of the AWS CLI in that account and region, for a POSIX shell. */
export function awsCommand({ account, region }: Scope, ...words: readonly string[]): string {
  const place = ['--region', region, ...(account.profile ? ['--profile', account.profile] : [])];
  return ['aws', ...words, ...place].map(shellWord).join(' ');
}

/** Control characters have no place in a name of AWS and are left out. */
export function shellWord(text: string): string {
  const word = text.replace(/\p{Cc}/gu, '');
  return /^[\w+=,.@:/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `a, b and 3 more`: names for a sentence. */
export function enumerate(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
