import type { CompleteRequestParams, CompleteResult } from '@modelcontextprotocol/server';
import type { Principal } from '../ports/domain.ts';
import { prompts } from '../prompts/index.ts';
import { type Completion, resources } from '../resources/index.ts';
import type { McpBackend } from './session.ts';

const most = 100;

/** Completes template variables and prompt arguments from what the agent was shown before; no provider is asked. */
export function complete(backend: McpBackend, principal: Principal, { ref, argument, context }: CompleteRequestParams): CompleteResult {
  const completion =
    ref.type === 'ref/prompt'
      ? prompts.find(({ name }) => name === ref.name)?.arguments.find(({ name }) => name === argument.name)?.completion
      : resources.find(({ uri }) => uri === ref.uri)?.completions?.[argument.name];
  const values = completion ? valuesOf(completion, backend, principal, argument.value, context?.arguments ?? {}) : [];
  return { completion: { values: values.slice(0, most), total: values.length, hasMore: values.length > most } };
}

function valuesOf(
  completion: Completion,
  backend: McpBackend,
  principal: Principal,
  typed: string,
  known: Record<string, string>,
): string[] {
  if ('values' in completion) return completion.values.filter((value) => value.startsWith(typed));
  if ('months' in completion) return lastMonths().filter((month) => month.startsWith(typed));
  if ('runbooks' in completion) return backend.runbookNames.filter((name) => name.startsWith(typed));
  // Seen ids are `within/id`; without the other variable any prefix of ids will do.
  const within = completion.of ?? (completion.within ? known[completion.within] : undefined);
  if (within !== undefined) return tails(backend.seen(principal, completion.seen, `${within}/${typed}`));
  const anywhere = ['aws', 'hostinger'].flatMap((provider) => tails(backend.seen(principal, completion.seen, `${provider}/${typed}`)));
  // An application may run in both.
  return [...new Set(anywhere)];
}

/** This one and the thirteen before it (Cost Explorer keeps no more by default), newest first; `2026-11`, in UTC. */
function lastMonths(): string[] {
  const now = new Date();
  return Array.from({ length: 14 }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

function tails(targets: readonly { id: string }[]): string[] {
  return targets.map(({ id }) => id.slice(id.indexOf('/') + 1));
}
