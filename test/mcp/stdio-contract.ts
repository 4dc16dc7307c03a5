import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectStdio, type Make, type TestClient } from '../support/clients.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { recordOf, sandboxRecords } from '../support/journal.ts';
import { until } from '../support/until.ts';

/** Real clients over real stdio: what an IDE sees of the server, in both protocol eras and with the old SDK. */

const api1 = 'i-0a1b2c3d4e5f60003';
const protectedOne = 'i-0a1b2c3d4e5f60005';
const untagged = 'i-0a1b2c3d4e5f60012';

const config = configurationWith(`
@id("test-marcus-does-not-read-protected")
@advice("Ask somebody else.")
forbid (principal == Ziggie::Agent::"agent-marcus", action == Ziggie::Action::"instances_get", resource is Ziggie::Instance)
when { resource.hasTag("Protected") && resource.getTag("Protected") == "true" };
`);

export function describeStdioClient(make: Make): void {
  const state = temporaryFolder();
  const freshState = temporaryFolder();
  let client: TestClient;

  beforeAll(async () => {
    client = await connectStdio(make, state, ['--agent', 'marcus', '--sandbox', '--config', config]);
  });
  afterAll(() => client.close());

  it('speaks the era that it was asked for, and says how the server is used', () => {
    expect(client.raw.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      resources: { subscribe: true },
      prompts: {},
      completions: {},
    });
    expect(client.instructions).toContain('agent-marcus');
    expect(client.instructions).toContain('SANDBOX');
    expect(client.raw.getServerVersion()).toMatchObject({ name: 'ziggie-cloud', title: 'ziggie-cloud (sandbox)' });
  });

  it('lists what Marcus may use and nothing else, each with four hints and an output schema', async () => {
    const { tools } = await client.raw.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'access_whoami',
      'access_explain',
      'access_check_approval',
      'audit_search',
      'health_check',
      'instances_list',
      'instances_get',
      'instances_start',
      'instances_stop',
      'instances_restart',
      'instances_metrics',
      'functions_list',
      'functions_get',
      'functions_invoke',
      'vps_run_command',
      'vps_read_file',
      'vps_service',
      'vps_list_snapshots',
      'deploy_plan',
      'deploy_application',
      'deploy_rollback',
      'deploy_status',
      'deploy_list',
    ]);
    for (const { annotations, inputSchema, outputSchema } of tools) {
      expect(annotations).toEqual({
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      });
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: 'object' });
    }
  });

  it('answers a call with structured content that its own schema validates, and names the call', async () => {
    // After a list, each of these clients holds structured content against the tool's output schema and throws if it does not fit.
    await client.raw.listTools();
    const result = await client.call('instances_list', {});
    const rows = (result.structuredContent as { instances: { id: string }[] }).instances;
    expect(rows.map(({ id }) => id)).toContain(api1);
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(result.structuredContent);
    expect(result._meta).toMatchObject({ 'ziggie/untrusted': expect.arrayContaining(['instances.*.name']) });

    const callId = String(result._meta?.['ziggie/callId']);
    expect(await recordOf(state, { callId, phase: 'outcome' })).toMatchObject({
      tool: 'instances_list',
      principal: 'agent:agent-marcus',
      client: 'stdio test-client/1.2.3',
      outcome: 'success',
    });
  });

  it('answers a denial as an error in JSON text, not as structured content', async () => {
    const result = await client.call('instances_stop', { provider: 'aws', id: untagged });
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toBeUndefined();
    expect(result.content).toHaveLength(1);
    const { error } = JSON.parse(result.content[0]?.text ?? '');
    expect(error).toMatchObject({ code: 'policy_denied', effect: 'none', policy: { advice: [expect.stringContaining('Project=Ziggie')] } });
    expect(error.callId).toBe(result._meta?.['ziggie/callId']);
    expect(await recordOf(state, { callId: error.callId })).toMatchObject({ phase: 'refused', errorCode: 'policy_denied' });
  });

  it('answers an unknown tool and unknown keys as tool errors, and records them', async () => {
    const cases = [
      ['instances_stopp', {}, 'unknown_operation', 'instances_stop'],
      ['instances_stop', { provider: 'aws', id: api1, force: true }, 'invalid_input', 'force'],
      ['instances_get', { provider: 'aws', id: '../../etc' }, 'invalid_input', 'id'],
      ['instances_get', { provider: 'aws', id: 'i-\ud800' }, 'invalid_input', 'id'],
    ] as const;
    for (const [tool, args, code, hint] of cases) {
      const result = await client.call(tool, args);
      const { error } = JSON.parse(result.content[0]?.text ?? '');
      expect(error).toMatchObject({ code, effect: 'none' });
      expect(`${error.message} ${error.remedy}`).toContain(hint);
      expect(await recordOf(state, { callId: error.callId })).toMatchObject({ phase: 'refused', tool, errorCode: code });
    }
  });

  it('lists and reads resources, each read a recorded call', async () => {
    const { resources } = await client.raw.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'cloud://instances',
      'cloud://deployments',
      'cloud://costs/current',
      'cloud://costs/forecast',
      'cloud://permissions',
      'cloud://audit/recent',
      'cloud://health',
    ]);
    const { resourceTemplates } = await client.raw.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'cloud://instances/{provider}/{id}',
      'cloud://deployments/{app}',
      'cloud://costs/{month}',
      'cloud://runbooks/{name}',
    ]);

    const [thisMonth = ''] = await client.complete('cloud://costs/{month}', 'month', '');
    const templated = [`cloud://instances/aws/${api1}`, `cloud://costs/${thisMonth}`, 'cloud://runbooks/instance-fails-to-start'];
    for (const uri of [...resources.map(({ uri }) => uri), ...templated]) {
      const { contents, _meta } = await client.raw.readResource({ uri });
      expect(contents).toHaveLength(1);
      expect(contents[0]).toMatchObject({ uri, text: expect.stringMatching(/./) });
      expect(await recordOf(state, { callId: String(_meta?.['ziggie/callId']), phase: 'outcome' })).toMatchObject({ via: uri });
    }
  });

  it.each(['cloud://nowhere', 'cloud://instances/aws/..%2f', 'cloud://instances/aws/i-0000000000000ffff', 'file:///etc/passwd'])(
    'answers %s as a protocol error with the error body in its data',
    async (uri) => {
      const failure: unknown = await client.raw.readResource({ uri }).catch((error) => error);
      expect(failure).toMatchObject({ code: -32602, data: { uri, error: { effect: 'none', callId: expect.any(String) } } });
      const { callId } = (failure as { data: { error: { callId: string } } }).data.error;
      expect(await recordOf(state, { callId })).toMatchObject({ phase: 'refused', via: uri });
    },
  );

  it('completes months of costs, newest first, by what is typed of them', async () => {
    const months = await client.complete('cloud://costs/{month}', 'month', '');
    expect(months).toHaveLength(14);
    expect(months[0]).toBe(new Date().toISOString().slice(0, 7));
    const year = months[0]?.slice(0, 4) ?? '';
    expect(await client.complete('cloud://costs/{month}', 'month', year)).toEqual(months.filter((month) => month.startsWith(year)));
    expect(await client.complete('cloud://costs/{month}', 'month', 'last')).toEqual([]);
  });

  it('completes a template with instances that the agent was shown, and no others', async () => {
    const template = 'cloud://instances/{provider}/{id}';
    expect(await client.complete(template, 'provider', 'a')).toEqual(['aws']);
    // One page of three: only these were shown, whatever else there is.
    const fresh = await connectStdio(make, freshState, ['--agent', 'marcus', '--sandbox', '--config', config]);
    try {
      expect(await fresh.complete(template, 'id', 'i-', { provider: 'aws' })).toEqual([]);
      const result = await fresh.call('instances_list', { limit: 3 });
      const shown = (result.structuredContent as { instances: { id: string }[] }).instances.map(({ id }) => id);
      expect((await fresh.complete(template, 'id', 'i-', { provider: 'aws' })).toSorted()).toEqual(shown.toSorted());
      expect(await fresh.complete(template, 'id', shown[0] ?? '', { provider: 'aws' })).toEqual([shown[0]]);
      expect(await fresh.complete(template, 'id', 'i-', { provider: 'hostinger' })).toEqual([]);
    } finally {
      await fresh.close();
    }
    expect(await client.complete('cloud://runbooks/{name}', 'name', 'inst')).toEqual(['instance-fails-to-start']);
  });

  it('gives a prompt with the live facts of the instance in it', async () => {
    const { prompts } = await client.raw.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['instance-fails-to-start', 'vps-unreachable', 'deployment-rollback', 'cost-spike']);
    const factsOf = async (name: string, values: Record<string, string>) => {
      const { messages } = await client.raw.getPrompt({ name, arguments: values });
      return messages.flatMap(({ content }) =>
        content.type === 'resource' && 'text' in content.resource && content.resource.mimeType === 'application/json'
          ? [JSON.parse(content.resource.text)]
          : [],
      );
    };
    expect(await factsOf('instance-fails-to-start', { provider: 'aws', id: api1 })).toEqual([
      expect.objectContaining({ id: api1, name: 'ziggie-api-1', tags: expect.objectContaining({ Project: 'Ziggie' }) }),
    ]);
    const [health, machine] = await factsOf('vps-unreachable', { server: 'vps-1', id: '1001' });
    expect(health.checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'hostinger api', status: 'ok' }),
        expect.objectContaining({ name: 'ssh vps-1', status: 'ok', detail: expect.stringContaining('ms') }),
      ]),
    );
    expect(machine).toMatchObject({ provider: 'hostinger', id: '1001', name: 'vps-1', tags: { Project: 'Ziggie' } });
    const [history] = await factsOf('deployment-rollback', { app: 'ziggie-backend' });
    expect(history).toEqual({ deployments: expect.any(Array) });
    const failure = await client.raw.getPrompt({ name: 'no-such-prompt', arguments: {} }).catch((error) => error);
    expect(failure).toMatchObject({ code: -32602, data: { error: { code: 'unknown_operation' } } });
  });

  it('refuses a subscription that policy refuses, and records it', async () => {
    const uri = `cloud://instances/aws/${protectedOne}`;
    const failure: unknown = await client.subscribe([uri]).catch((error) => error);
    expect(failure).toMatchObject({ code: -32000, data: { error: { code: 'policy_denied' } } });
    const { callId } = (failure as { data: { error: { callId: string } } }).data.error;
    expect(await recordOf(state, { callId })).toMatchObject({ phase: 'refused', via: uri, tool: 'instances_get' });
  });

  it('shows progress, sends notices to subscribers, and stays silent about what nobody subscribed to', async () => {
    await client.subscribe(['cloud://instances', `cloud://instances/aws/${api1}`]);
    const progress: number[] = [];
    const stopped = await client.call(
      'instances_stop',
      { provider: 'aws', id: api1 },
      { onprogress: (step) => progress.push(step.progress) },
    );
    expect(stopped.structuredContent).toMatchObject({ previousState: 'running', state: 'stopped' });
    expect(progress.length).toBeGreaterThan(0);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    await until('both notices', () => client.updated.length >= 2);
    // `cloud://audit/recent` changed too, but was not asked for.
    expect(client.updated.toSorted()).toEqual(['cloud://instances', `cloud://instances/aws/${api1}`]);
  });

  it('does one thing once for one idempotency key', async () => {
    const meta = { 'ziggie/idempotencyKey': 'restart-once' };
    const args = { provider: 'aws', id: 'i-0a1b2c3d4e5f60004' };
    const first = await client.call('instances_restart', args, { meta });
    const again = await client.call('instances_restart', args, { meta });
    expect(again.structuredContent).toEqual(first.structuredContent);
    const replay = String(again._meta?.['ziggie/callId']);
    expect(await recordOf(state, { callId: replay, phase: 'outcome' })).toMatchObject({ replayOf: first._meta?.['ziggie/callId'] });
  });

  it('cancels the wait of a call, and the record says what became of it', async () => {
    const controller = new AbortController();
    const calling = client.call(
      'instances_start',
      { provider: 'aws', id: 'i-0a1b2c3d4e5f60008' },
      { signal: controller.signal, onprogress: () => controller.abort() },
    );
    await expect(calling).rejects.toThrow();
    const record = await until('the outcome', async () =>
      (await sandboxRecords(state, { tool: 'instances_start', phase: 'outcome' })).at(0),
    );
    expect(record).toMatchObject({ outcome: 'failure', errorCode: 'cancelled', effect: 'applied' });
  });
}
