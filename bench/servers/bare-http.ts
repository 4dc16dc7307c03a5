import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { instancesGet } from '../../src/tools/instances/get.ts';
import { instance, toolName } from '../fake-instance.ts';
import { serveUntilLetGo } from './serve.ts';

/** The same tool, schemas and answer with the SDK alone: no identity, no policy, no record. */
const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  const { title, description, input: inputSchema, output: outputSchema } = instancesGet;
  server.registerTool(toolName, { title, description, inputSchema, outputSchema }, async () => ({
    content: [{ type: 'text', text: JSON.stringify(instance) }],
    structuredContent: { ...instance },
  }));
  return server;
});
serveUntilLetGo(handler.fetch, 'none', () => handler.close());
