import { globSync, mkdtempSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { commandOf, runCommand } from '../support/counterpart.ts';

/** The official conformance suite, run against a URL. */

const conformance = commandOf('conformance', '@modelcontextprotocol/conformance@0.2.0-alpha.12');

export interface Verdict {
  readonly code: number | null;
  /** Names of the scenarios that ran. */
  readonly scenarios: readonly string[];
  /** `scenario:check` of what did not pass, by how bad it is. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  readonly passed: number;
  readonly text: string;
}

/** @param home folder that it may write to */
export async function runConformance(url: string, home: string, args: readonly string[]): Promise<Verdict> {
  const results = mkdtempSync(join(home, 'results-'));
  const { code, stdout, stderr } = await runCommand(conformance, ['server', '--url', url, '-o', results, ...args], home);
  const checks = globSync(join(results, '*', 'checks.json')).flatMap((file) => {
    // `server-<scenario>-<time>`
    const scenario = basename(dirname(file)).replace(/^server-(.*)-\d{4}-\d\d-\d\dT.*$/, '$1');
    const rows = JSON.parse(readFileSync(file, 'utf8')) as { id: string; status: string }[];
    return rows.map(({ id, status }) => ({ scenario, name: `${scenario}:${id}`, status }));
  });
  const named = (status: string) => [...new Set(checks.filter((check) => check.status === status).map(({ name }) => name))];
  return {
    code,
    scenarios: [...new Set(checks.map(({ scenario }) => scenario))],
    failures: named('FAILURE'),
    warnings: named('WARNING'),
    passed: checks.filter(({ status }) => status === 'SUCCESS').length,
    text: `${stdout}\n${stderr}`,
  };
}
