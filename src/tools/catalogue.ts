import type { JsonSchema, Operation } from '../call/operation.ts';
import { operations } from './index.ts';

/**
 * What must be known of the registry before any call: enough to list tools, to check configuration and to make the
 * policy schema. The build replaces this module by its own values, so that a start loads no tool and converts no schema,
 * however many tools there are.
 */

/** A tool as `tools/list` shows it. */
export interface ToolDescription {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

export interface CatalogueEntry extends Pick<Operation, 'toolset' | 'effect' | 'entity' | 'listed'> {
  readonly tool: ToolDescription;
}

export interface Catalogue {
  readonly entries: readonly CatalogueEntry[];
  readonly toolsets: readonly string[];
  /** Fingerprint of the registry as policy sees it, where the build has made it. */
  readonly registryHash?: string;
}

export function describeOperation(operation: Operation): CatalogueEntry {
  const { name, title, description, toolset, effect, entity, listed, retry } = operation;
  return {
    toolset,
    effect,
    entity,
    listed,
    tool: {
      name,
      title,
      description,
      inputSchema: operation.inputSchema(),
      outputSchema: operation.outputSchema(),
      annotations: {
        readOnlyHint: effect === 'read',
        destructiveHint: effect === 'destructive',
        idempotentHint: retry === 'safe' || retry === 'natural',
        openWorldHint: entity !== 'System',
      },
    },
  };
}

export const catalogue: Catalogue = {
  entries: operations.map(describeOperation),
  toolsets: [...new Set(operations.map(({ toolset }) => toolset))],
};
