import type { ListResourcesResult, ListResourceTemplatesResult, ReadResourceResult } from '@modelcontextprotocol/server';
import type { Principal } from '../ports/domain.ts';
import { isTemplate, matchResource, type ResourceDeclaration, resources } from '../resources/index.ts';
import type { Ask } from './content.ts';
import type { McpBackend } from './session.ts';

export function listResources(backend: McpBackend, principal: Principal): ListResourcesResult {
  return { resources: offered(backend, principal, false).map(({ uri, ...row }) => ({ uri, ...row })) };
}

export function listResourceTemplates(backend: McpBackend, principal: Principal): ListResourceTemplatesResult {
  return { resourceTemplates: offered(backend, principal, true).map(({ uri, ...row }) => ({ uriTemplate: uri, ...row })) };
}

function offered(backend: McpBackend, principal: Principal, templates: boolean) {
  return resources
    .filter((resource) => isTemplate(resource) === templates && backend.mayUse(principal, resource.tool))
    .map(({ uri, name, title, description, mimeType }) => ({ uri, name, title, description, mimeType }));
}

/** Reads a resource over the road. An address that nothing stands behind is an unknown operation, and recorded as one. */
export async function readResource(ask: Ask, uri: string): Promise<ReadResourceResult> {
  const matched = matchResource(uri);
  const { output, callId, untrusted } = await ask(matched?.resource.tool ?? uri, matched?.input ?? {}, uri);
  return {
    contents: [{ uri, mimeType: matched?.resource.mimeType ?? 'application/json', text: textOf(output, matched?.resource) }],
    _meta: { 'ziggie/callId': callId, ...(untrusted.length > 0 ? { 'ziggie/untrusted': [...untrusted] } : {}) },
  };
}

function textOf(output: Record<string, unknown>, resource: ResourceDeclaration | undefined): string {
  return resource?.text === undefined ? JSON.stringify(output) : String(output[resource.text]);
}
