import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliFile } from '../support/cli.ts';
import { commandOf, runCommand } from '../support/counterpart.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { createTokenOf, type Served, startServe } from '../support/http.ts';

/** MCP Inspector's command line, in both eras, over both transports, with its strict schema check. */

const inspector = commandOf('mcp-inspector', '@modelcontextprotocol/inspector');
const home = temporaryFolder();
const state = temporaryFolder();
const config = configurationWith();
const args = ['--sandbox', '--config', config];

let served: Served;
let token: string;

beforeAll(async () => {
  ({ token } = await createTokenOf(state, 'marcus', args));
  served = await startServe(state, args);
});
afterAll(() => served.running.stop());

const targets: Record<'stdio' | 'http', () => string[]> = {
  // Inspector has a `--config` of its own, so the server's travels in the environment.
  stdio: () => [
    process.execPath,
    cliFile,
    'stdio',
    '--agent',
    'marcus',
    '--sandbox',
    '-e',
    `ZIGGIE_STATE=${state}`,
    '-e',
    `ZIGGIE_CONFIG=${config}`,
  ],
  http: () => [served.url, '--transport', 'http', '--header', `Authorization: Bearer ${token}`],
};

const api1 = 'i-0a1b2c3d4e5f60003';
const methods: [string, string[], (result: Record<string, unknown>) => void][] = [
  ['tools/list', ['--strict'], ({ tools }) => expect(tools).toHaveLength(23)],
  [
    'tools/call',
    ['--tool-name', 'instances_get', '--tool-arg', 'provider=aws', `id=${api1}`],
    ({ structuredContent }) => expect(structuredContent).toMatchObject({ id: api1, name: 'ziggie-api-1' }),
  ],
  ['resources/list', [], ({ resources }) => expect(resources).toHaveLength(7)],
  ['resources/templates/list', [], ({ resourceTemplates }) => expect(resourceTemplates).toHaveLength(4)],
  [
    'resources/read',
    ['--uri', 'cloud://instances'],
    ({ contents }) => expect(contents).toMatchObject([{ text: expect.stringContaining(api1) }]),
  ],
  ['prompts/list', [], ({ prompts }) => expect(prompts).toMatchObject([{ name: 'instance-fails-to-start' }, {}, {}, {}])],
  [
    'prompts/get',
    ['--prompt-name', 'instance-fails-to-start', '--prompt-args', 'provider=aws', `id=${api1}`],
    ({ messages }) => expect(JSON.stringify(messages)).toContain('ziggie-api-1'),
  ],
];

describe.each(['stdio', 'http'] as const)('over %s', (transport) => {
  describe.each(['legacy', 'modern'])('in the %s era', (era) => {
    it.each(methods)('%s', async (method, options, check) => {
      const { code, stdout, stderr } = await runCommand(
        inspector,
        ['--cli', ...targets[transport](), '--method', method, ...options, '--protocol-era', era, '--format', 'json', '--quiet'],
        home,
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      check(JSON.parse(stdout).result);
    });
  });
});
