import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from './problem.ts';

/**
 * Invariant: `.env` is read from the configuration folder only, and cannot send traffic elsewhere:
 * an endpoint that it sets must be loopback.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name where requests go. */
const endpointVariable = /^(AWS_ENDPOINT_URL(_[A-Z0-9_]+)?|HOSTINGER_API_URL)$/;

/**
 * Process environment over `<folder>/.env`.
 * @throws ConfigError when `.env` cannot be read or moves an endpoint off this machine
 */
export function readEnvironment(folder: string, processEnv: Environment): Environment {
  const file = join(folder, '.env');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return processEnv;
    throw new ConfigError([{ file, message: `cannot be read: ${(error as NodeJS.ErrnoException).code}` }]);
  }
  const values = parseEnv(text);
  for (const [key, value] of Object.entries(values)) {
    if (value && endpointVariable.test(key) && !isLoopback(value)) {
      throw new ConfigError([
        {
          file,
          message: `${key} points to ${hostOf(value)}, which is not this machine`,
          suggestion: 'an endpoint in .env must be loopback; set it in the process environment if you mean it',
        },
      ]);
    }
  }
  return { ...values, ...withoutEmpty(processEnv) };
}

/** `ZIGGIE_STATE`, or the XDG state folder (XDG Base Directory Specification). */
export function stateRoot(env: Environment): string {
  return env.ZIGGIE_STATE || join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ziggie-cloud');
}

/** Where approvers keep their keys: the approver's own, not the server's. */
export function approverKeyFolder(env: Environment): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'ziggie-cloud', 'approvers');
}

export function isLoopback(url: string): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return url;
  }
}

function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
}

/** The process's own environment; nobody else reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
