import { complete } from './completions.ts';
import type { Content } from './content.ts';
import { forwardNotices } from './notices.ts';
import { getPrompt, listPrompts } from './prompts.ts';
import { listResources, listResourceTemplates, readResource } from './resources.ts';
import { callTool, listTools } from './tools.ts';

/** The registries of tools, resources and prompts, for the session's agent. */
export const cloudContent: Content = {
  capabilities: (pushes) => ({
    tools: pushes ? { listChanged: true } : {},
    resources: pushes ? { subscribe: true } : {},
    prompts: {},
    completions: {},
  }),

  register({ server, backend, principal, face, era, requestOf, askOf, handled }) {
    server.setRequestHandler('tools/list', () => listTools(backend, principal));
    server.setRequestHandler('tools/call', ({ params }, context) =>
      handled(context, () => callTool(backend, { ...requestOf(context), idempotencyKey: params._meta?.['ziggie/idempotencyKey'] }, params)),
    );
    server.setRequestHandler('resources/list', () => listResources(backend, principal));
    server.setRequestHandler('resources/templates/list', () => listResourceTemplates(backend, principal));
    server.setRequestHandler('resources/read', ({ params }, context) => handled(context, () => readResource(askOf(context), params.uri)));
    server.setRequestHandler('prompts/list', () => listPrompts());
    server.setRequestHandler('prompts/get', ({ params }, context) =>
      handled(context, () => getPrompt(askOf(context), params.name, params.arguments ?? {})),
    );
    server.setRequestHandler('completion/complete', ({ params }) => complete(backend, principal, params));

    const wanted = new Set<string>();
    if (face === 'stdio' && era === 'legacy') {
      server.setRequestHandler('resources/subscribe', ({ params }, context) =>
        handled(context, async () => {
          // Decided like a read, on live facts, and recorded as one.
          await readResource(askOf(context), params.uri);
          wanted.add(params.uri);
          return {};
        }),
      );
      server.setRequestHandler('resources/unsubscribe', ({ params }) => {
        wanted.delete(params.uri);
        return {};
      });
    }
    if (face === 'stdio') forwardNotices(server, backend, principal, (uri) => era === 'modern' || wanted.has(uri));
  },
};
