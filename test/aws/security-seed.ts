import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { projectOutput } from '../../src/call/project.ts';
import { createRedactor } from '../../src/call/redact.ts';
import type { AccountTarget, Resolved } from '../../src/ports/domain.ts';
import type { Finding, Review } from '../../src/ports/security.ts';
import type { AwsProvider, createAws } from '../../src/providers/aws/index.ts';
import { securityReviewAccount } from '../../src/tools/security/review-account.ts';
import { securityReviewNetwork } from '../../src/tools/security/review-network.ts';
import { accountsOf, exampleKeys, newAws, newCall, resolved, type TestCall } from './harness.ts';

/** What the tests of the reviews share. Each review asks only for what its tool declares, and is shown as the road would show it: whole. */

export const region = 'eu-north-1';

const run = promisify(execFile);

/** The AWS CLI against an endpoint: the reader that nobody here wrote. */
export async function awsCli(endpoint: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run('aws', [...args, '--region', region, '--output', 'json'], { env: cliEnvironment(endpoint) });
  return stdout.trim() ? JSON.parse(stdout) : {};
}

/** Runs a command that a finding recommends, word for word. */
export async function runFix(endpoint: string, fix: string): Promise<void> {
  await run('bash', ['-c', fix], { env: cliEnvironment(endpoint) });
}

function cliEnvironment(endpoint: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: exampleKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: exampleKeys.secretAccessKey,
    AWS_PAGER: '',
  };
}

export type AwsParts = Parameters<typeof createAws>[0];

/** The only account, as the road resolves it. */
export async function mainTarget(aws: AwsProvider, call: TestCall = newCall()): Promise<Resolved<AccountTarget>> {
  const [first] = await accountsOf(aws, { type: 'Account' }, call);
  if (!first) throw new Error('no account answered');
  return resolved(first);
}

export async function reviewNetwork(options: Partial<AwsParts>, query: Parameters<AwsProvider['security']['network']>[1] = { limit: 100 }) {
  const aws = newAws(options);
  const call = newCall({ iam: securityReviewNetwork.iam });
  const review = await aws.security.network([await mainTarget(aws)], query, call);
  expect(projectOutput(securityReviewNetwork, review, createRedactor())).toEqual(review);
  return review;
}

export async function reviewAccount(options: Partial<AwsParts>, query: Parameters<AwsProvider['security']['account']>[1] = { limit: 100 }) {
  const aws = newAws(options);
  const call = newCall({ iam: securityReviewAccount.iam });
  const review = await aws.security.account([await mainTarget(aws)], query, call);
  expect(projectOutput(securityReviewAccount, review, createRedactor())).toEqual(review);
  return review;
}

/** Findings about one thing, as `severity rule`. */
export function about({ findings }: Review, resource: string): string[] {
  return findings.filter((finding) => finding.resource === resource).map(({ severity, rule }) => `${severity} ${rule}`);
}

export function findingOf({ findings }: Review, rule: string, resource?: string): Finding {
  const found = findings.find((finding) => finding.rule === rule && (resource === undefined || finding.resource === resource));
  if (!found) throw new Error(`no finding ${rule} in ${JSON.stringify(findings.map((each) => [each.rule, each.resource]))}`);
  return found;
}
