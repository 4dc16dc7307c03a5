import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './problem.ts';
import { inHome, knownValue, names } from './provided-values.ts';

/** What is to be moved into one secret. */
export interface SecretImport {
  readonly secret: string;
  readonly members: Readonly<Record<string, string>>;
  /** Field → the variable that its value comes from, or would come from. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * The credentials in a file of variables (`.env`), by the secrets that they belong into.
 * @param withKey takes the content of the key file as `private_key`, in place of its path
 * @throws ConfigError when the file, or the key file, cannot be read
 */
export function importsFrom(file: string, withKey: boolean): SecretImport[] {
  const env = parseEnv(readText(file));
  const imports = new Map<string, { members: Record<string, string>; origins: Record<string, string> }>();
  for (const name of names) {
    const { secret, field, variable, fallback } = knownValue(name);
    const isKey = name === 'hostinger-ssh-key-path' && withKey;
    const value = (variable === undefined ? undefined : env[variable]) || (isKey ? fallback : undefined);
    if (variable === undefined || !value) continue;
    const { members, origins } = imports.get(secret) ?? { members: {}, origins: {} };
    const target = isKey ? 'private_key' : field;
    members[target] = isKey ? readText(inHome(value)) : value;
    origins[target] = variable;
    imports.set(secret, { members, origins });
  }
  return [...imports].map(([secret, each]) => ({ secret, ...each }));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ file, message: `cannot be read: ${(error as NodeJS.ErrnoException).code}` }]);
  }
}
