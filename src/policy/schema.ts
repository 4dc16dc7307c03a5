/** The Cedar schema, generated from the operation registry: one action per tool, nothing typed twice. */
import { createHash } from 'node:crypto';
import type { ActionType, CedarValueJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Operation } from '../call/operation.ts';
import type { EntityType, ToolEffect } from '../ports/domain.ts';
import type { SystemFacts } from '../ports/policy.ts';
import { entityTypes, namespace, uid } from './entities.ts';
import { type Translator, translatorFor } from './input-types.ts';

export type OperationFacts = Pick<Operation, 'name' | 'toolset' | 'effect' | 'entity' | 'inputSchema'>;

export interface PolicyAction {
  readonly tool: string;
  readonly entity: EntityType;
  /** Group actions that it is in: its effect's and its toolset's. */
  readonly groups: readonly string[];
  readonly input: Translator;
}

export interface PolicySchema {
  readonly json: SchemaJson<string>;
  readonly actions: ReadonlyMap<string, PolicyAction>;
  /** Every name that `Ziggie::Action::"…"` may carry: tools, toolsets, effects. */
  readonly actionNames: ReadonlySet<string>;
  /** Only this tool's action and the groups: several times quicker to parse than the whole. */
  only(tool: string): SchemaJson<string>;
}

const effectGroups: Record<ToolEffect, string> = { read: 'Read', write: 'Write', destructive: 'Destructive' };

const systemContext = {
  type: 'Record' as const,
  attributes: {
    dryRun: { type: 'Boolean' as const, required: true },
    sandbox: { type: 'Boolean' as const, required: true },
    auditGroup: { type: 'String' as const, required: true },
    monthToDateCents: { type: 'Long' as const, required: true },
    forecastCents: { type: 'Long' as const, required: true },
    budgetCents: { type: 'Long' as const, required: true },
    monthlyCostCents: { type: 'Long' as const, required: true },
    spendAgeMinutes: { type: 'Long' as const, required: true },
    approval: { type: 'Record' as const, attributes: { approver: { type: 'String' as const, required: true } }, required: false },
  },
};

/** What is not known, as a number that denies: more than anybody spends, and small enough to be added up and multiplied by a thousand. */
const unknownNumber = 1_000_000_000_000_000;

/** Spend, always there: an attribute that may be missing would make a policy ask for it with `has`, and then the unknown would allow. */
function spendContext(spend: SystemFacts['spend']) {
  const known = (value: number | undefined) => Math.min(unknownNumber, Math.max(-unknownNumber, Math.ceil(value ?? unknownNumber)));
  return {
    monthToDateCents: known(spend?.monthToDateCents),
    forecastCents: known(spend?.forecastCents),
    budgetCents: spend ? Math.min(unknownNumber, Math.floor(spend.budgetCents)) : 0,
    monthlyCostCents: known(spend?.monthlyCostCents),
    spendAgeMinutes: known(spend?.ageMinutes),
  };
}

/** Throws when two actions would share a name. */
export function buildSchema(operations: readonly OperationFacts[]): PolicySchema {
  const actions = new Map<string, PolicyAction>();
  const tools: Record<string, ActionType<string>> = {};
  const groups: Record<string, ActionType<string>> = {};
  for (const group of Object.values(effectGroups)) groups[group] = {};
  for (const { name, toolset, effect, entity, inputSchema } of operations) {
    const action = { tool: name, entity, groups: [effectGroups[effect], toolset], input: translatorFor(inputSchema()) };
    if (actions.has(name)) throw new Error(`two operations are called ${name}`);
    actions.set(name, action);
    groups[toolset] = {};
    tools[name] = toCedarAction(action);
  }
  const clash = Object.keys(tools).find((name) => name in groups);
  if (clash !== undefined) throw new Error(`${clash} names both a tool and a group of tools`);
  const schemaOf = (own: Record<string, ActionType<string>>): SchemaJson<string> => ({
    [namespace]: { entityTypes: entityTypes(), actions: { ...groups, ...own } },
  });
  return {
    json: schemaOf(tools),
    actions,
    actionNames: new Set([...Object.keys(groups), ...Object.keys(tools)]),
    only: (tool) => schemaOf(tools[tool] ? { [tool]: tools[tool] } : {}),
  };
}

/** SHA-256, hex, over the Cedar schema of the registry; may be computed when building the program. */
export function registryHash(operations: readonly OperationFacts[]): string {
  return createHash('sha256')
    .update(JSON.stringify(buildSchema(operations).json))
    .digest('hex');
}

/**
 * `context` of a question.
 * @param auditGroup log group of the audit, wherever this server keeps it
 * @throws Untranslatable
 */
export function contextOf(
  action: PolicyAction,
  input: unknown,
  system: SystemFacts,
  auditGroup = '/ziggie/infrastructure-audit',
): Record<string, CedarValueJson> {
  const { dryRun, sandbox, approval, spend } = system;
  return {
    input: action.input.toCedar(input),
    system: { dryRun, sandbox, auditGroup, ...spendContext(spend), ...(approval ? { approval: { approver: approval.approver } } : {}) },
  };
}

function toCedarAction({ entity, groups, input }: PolicyAction): ActionType<string> {
  const inputType = { ...input.type, required: true };
  return {
    memberOf: groups.map((id) => ({ id })),
    appliesTo: {
      principalTypes: ['Agent', 'Human'],
      resourceTypes: [uid(entity, '').type],
      context: { type: 'Record', attributes: { input: inputType, system: { ...systemContext, required: true } } },
    },
  };
}
