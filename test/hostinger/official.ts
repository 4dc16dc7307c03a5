import billing from 'hostinger-api-mcp/src/core/tools/billing.js';
import dns from 'hostinger-api-mcp/src/core/tools/dns.js';
import domains from 'hostinger-api-mcp/src/core/tools/domains.js';
import vps from 'hostinger-api-mcp/src/core/tools/vps.js';

/** Hostinger's own tool tables: which requests there are, and what each takes. */

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
}

export interface OfficialTool {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly inputSchema: Schema;
}

export const officialTools: readonly OfficialTool[] = [vps, dns, domains, billing].flat() as readonly OfficialTool[];

/** Bodies that the API takes and the tool tables leave out (API reference, "Delete zone records"). */
const leftOut: Readonly<Record<string, Schema>> = {
  DNS_deleteDNSRecordsV1: {
    type: 'object',
    required: ['filters'],
    properties: {
      filters: {
        type: 'array',
        items: { type: 'object', required: ['name', 'type'], properties: { name: { type: 'string' }, type: { type: 'string' } } },
      },
    },
  },
};

export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** Parsed; undefined when there is none. */
  readonly body: unknown;
}

/** What is wrong with a request by the tables; empty when nothing is. */
export function violations({ method, target, body }: SeenRequest): string[] {
  const { pathname, searchParams } = new URL(target, 'http://stub');
  const parts = pathname.split('/');
  const fits = (tool: OfficialTool) => {
    const template = tool.path.split('/');
    return (
      tool.method === method &&
      template.length === parts.length &&
      template.every((part, index) => part.startsWith('{') || part === parts[index])
    );
  };
  const tool = officialTools.find(fits);
  if (!tool) return [`${method} ${pathname} is no request of the official tables`];
  const inPath = Object.fromEntries(
    tool.path
      .split('/')
      .flatMap((part, index) => (part.startsWith('{') ? [[part.slice(1, -1), decodeURIComponent(parts[index] ?? '')] as const] : [])),
  );
  const properties = { ...tool.inputSchema.properties, ...leftOut[tool.name]?.properties };
  const required = [...(tool.inputSchema.required ?? []), ...(leftOut[tool.name]?.required ?? [])];
  const texts = { ...inPath, ...Object.fromEntries(searchParams) };
  const members: Record<string, unknown> = { ...texts, ...((body ?? {}) as object) };
  return [
    ...required.filter((name) => !(name in members)).map((name) => `${tool.name}: ${name} is missing`),
    ...Object.keys(members)
      .filter((name) => !(name in properties))
      .map((name) => `${tool.name}: ${name} is no parameter`),
    ...Object.entries(members).flatMap(([name, value]) =>
      mistakes(properties[name] ?? {}, value, name in texts).map((why) => `${tool.name}: ${name} ${why}`),
    ),
    ...(body !== undefined && method === 'GET' ? [`${tool.name}: a GET with a body`] : []),
  ];
}

/** @param text whether the value was written in an address, where everything is text */
function mistakes(schema: Schema, value: unknown, text = false): string[] {
  if (schema.enum && !schema.enum.includes(value)) return [`is not one of ${schema.enum.join(', ')}`];
  if (schema.type === 'integer') return (text ? /^\d+$/.test(String(value)) : Number.isInteger(value)) ? [] : ['is no integer'];
  if (schema.type === 'string' || schema.type === 'boolean') return typeof value === schema.type ? [] : [`is no ${schema.type}`];
  if (schema.type === 'array') return Array.isArray(value) ? value.flatMap((each) => mistakes(schema.items ?? {}, each)) : ['is no array'];
  if (schema.type !== 'object') return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['is no object'];
  const members = value as Record<string, unknown>;
  return [
    ...(schema.required ?? []).filter((name) => !(name in members)).map((name) => `lacks ${name}`),
    ...Object.entries(members).flatMap(([name, inner]) => {
      const own = schema.properties?.[name];
      return own ? mistakes(own, inner).map((why) => `${name} ${why}`) : [`has ${name}, which is no member`];
    }),
  ];
}
