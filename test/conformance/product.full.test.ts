import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configurationWith, repository, temporaryFolder } from '../support/folders.ts';
import { createTokenOf, type Served, startServe } from '../support/http.ts';
import { startTokenProxy } from '../support/proxy.ts';
import { runConformance } from './conformance.ts';

/** The scenarios that need no fixture, against the server as it is served. */

const state = temporaryFolder();
const home = temporaryFolder();
const args = ['--sandbox', '--config', configurationWith()];
let served: Served;
let proxy: Awaited<ReturnType<typeof startTokenProxy>>;

beforeAll(async () => {
  const { token } = await createTokenOf(state, 'ziggie', args);
  served = await startServe(state, args);
  proxy = await startTokenProxy(served.url, token);
});
afterAll(async () => {
  proxy.server.closeAllConnections();
  proxy.server.close();
  await served.running.stop();
});

const everywhere = [
  'completion-complete',
  'tools-list',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
  'server-sse-multiple-streams',
];
const generic: Record<string, string[]> = {
  '2025-11-25': ['server-initialize', 'ping', ...everywhere],
  '2026-07-28': [
    'server-stateless',
    'caching',
    'sep-2164-resource-not-found',
    'http-header-validation',
    'input-required-result-unsupported-methods',
    ...everywhere,
  ],
};

describe.each(Object.entries(generic))('in %s', (version, scenarios) => {
  it.each(scenarios)('%s', async (scenario) => {
    const baseline = join(repository, 'test/conformance/expected-product.yaml');
    const verdict = await runConformance(proxy.url, home, [
      '--scenario',
      scenario,
      '--spec-version',
      version,
      ...(scenario === 'server-stateless' ? ['--expected-failures', baseline] : []),
    ]);
    expect(verdict.code, verdict.text).toBe(0);
    expect(verdict.passed + verdict.warnings.length).toBeGreaterThan(0);
  });
});
