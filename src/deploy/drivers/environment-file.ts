/**
 * Invariant: a value of the environment is data, whatever it holds: it can neither begin another line nor be expanded by who reads it.
 */
import { refused } from '../failures.ts';

/**
 * Text of an EnvironmentFile of systemd (systemd.exec(5), "EnvironmentFile="): in double quotes a backslash takes the meaning of
 * `"`, `\`, `` ` `` and `$` away, which is also how sh(1) reads them.
 * @throws CallError `provider_rejected` `EnvironmentValueRefused`, without the value, for one with control characters
 */
export function environmentFile(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    if (/[\p{Cc}--\t]/v.test(value)) throw valueRefused(name);
    return `${name}="${value.replace(/["\\`$]/g, '\\$&')}"\n`;
  });
  return lines.join('');
}

function valueRefused(name: string) {
  return refused(
    'provider_rejected',
    'EnvironmentValueRefused',
    `The value of ${name} holds a line break or another control character, which an environment file cannot carry.`,
    'Keep it in one line (base64, or a member of a JSON secret), and deploy again.',
  );
}
