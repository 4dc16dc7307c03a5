import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { defineOperation, type Operation } from '../../src/call/operation.ts';
import type { KnownIds } from '../../src/policy/check.ts';
import { sampleTarget } from '../../src/policy/entities.ts';
import { openPolicy, type Policy, type PolicyOptions } from '../../src/policy/open-policy.ts';
import type { EntityType, Principal, Tags, Target, TargetRef, ToolEffect } from '../../src/ports/domain.ts';
import type { PolicyQuestion } from '../../src/ports/policy.ts';

// WebAssembly on a busy machine takes its time.
vi.setConfig({ testTimeout: 20_000 });

const provider = z.enum(['aws', 'hostinger']);
const instance = z.strictObject({ provider, id: z.string(), region: z.string().optional() });

/** The registry's shapes, few and with nothing behind them. */
export const operations: readonly Operation[] = [
  operation('instances_get', 'read', 'Instance', instance),
  operation('instances_stop', 'write', 'Instance', instance),
  operation('instances_terminate', 'destructive', 'Instance', instance),
  operation(
    'instances_launch',
    'write',
    'Account',
    z.strictObject({
      region: z.string(),
      count: z.int().default(1),
      tags: z.record(z.string(), z.string()).default({ Project: 'Ziggie' }),
    }),
  ),
  operation('instances_list', 'read', 'Account', z.strictObject({ limit: z.int().min(1).max(100).default(25) })),
  operation('audit_search', 'read', 'System', z.strictObject({ agent: z.string().max(64).optional() })),
];

export const marcus = agent('agent-marcus', 'backend');
export const chen = agent('agent-chen', 'frontend');
export const ziggie = agent('agent-ziggie', 'coordinator');
export const alice: Principal = { kind: 'human', id: 'alice', teams: [], toolsets: [] };
export const agents = [marcus, chen, ziggie];

export const known: KnownIds = {
  agents: agents.map(({ id }) => id),
  teams: ['backend', 'frontend', 'coordinator'],
  humans: ['alice'],
  accounts: ['main', 'staging'],
};

export const world = { operations, known };

/** One policy with what every policy needs. */
export function policy(id: string, body: string, advice = `advice of ${id}`): string {
  return `@id("${id}")\n@advice("${advice}")\n${body}\n`;
}

export const permitAll = policy('permit-all', 'permit(principal, action, resource);');

/** A folder of its own, gone when the test is. */
export function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-policy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export interface Opened {
  readonly policy: Policy;
  readonly folder: string;
  readonly cacheFile: string;
  readonly reloads: { ok: boolean }[];
  readonly warnings: object[];
}

export async function open(text: string, options: Partial<PolicyOptions> = {}): Promise<Opened> {
  const folder = options.folder ?? folderOf({ 'policy.cedar': text });
  const cacheFile = options.cacheFile ?? join(folderOf({}), 'state', 'visible.json');
  const reloads: Opened['reloads'] = [];
  const warnings: object[] = [];
  const policy = await openPolicy({
    folder,
    operations,
    known,
    principals: agents,
    cacheFile,
    watchEveryMs: 5,
    log: { warn: (facts) => warnings.push(facts) },
    onReload: (result) => reloads.push(result),
    ...options,
  });
  onTestFinished(() => policy.close());
  return { policy, folder, cacheFile, reloads, warnings };
}

/** Marcus stops an instance with these tags, unless said otherwise. */
export function question(tags: Tags = {}, changes: Partial<PolicyQuestion> = {}): PolicyQuestion {
  return {
    principal: marcus,
    tool: 'instances_stop',
    target: instanceWith(tags),
    input: { provider: 'aws', id: 'i-0123456789abcdef0' },
    system: { dryRun: false, sandbox: false },
    ...changes,
  };
}

export function instanceWith(tags: Tags): Target {
  return sampleTarget('Instance', { tags });
}

export function operation(name: string, effect: ToolEffect, entity: EntityType, input: z.ZodObject): Operation {
  return defineOperation(name.split('_')[0] ?? name, {
    name,
    title: name,
    description: name,
    effect,
    retry: 'safe',
    iam: [],
    input,
    output: z.object({}),
    entity,
    targets: (parsed) => {
      const { id, account } = parsed as { id?: string; account?: string };
      return [{ type: entity, ...(id ? { id } : {}), ...(account ? { account } : {}) } as TargetRef];
    },
    run: async () => ({}),
  });
}

function agent(id: string, team: string): Principal {
  return { kind: 'agent', id, teams: [team], toolsets: [] };
}
