/**
 * Invariant: deny unless Cedar, with the schema, on a validated request and without a single evaluation error, said
 * allow. An erroring forbid is skipped by Cedar, and without the schema a group in a scope silently matches nothing:
 * so any error is a deny, and an engine whose known forbids do not fire is never made.
 */
import type { AuthorizationAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import type { Principal, Target } from '../ports/domain.ts';
import type { PolicyAnswer, PolicyQuestion, SystemFacts } from '../ports/policy.ts';
import { adviceOf, closestPermits } from './advice.ts';
import { type Cedar, giveBackSlot, takeSlot } from './cedar.ts';
import type { CompiledPolicy, Policies } from './check.ts';
import { principalEntity, principalUid, sampleTarget, targetEntity, uid } from './entities.ts';
import { actionMatches } from './policy-json.ts';
import { contextOf, type PolicyAction, type PolicySchema } from './schema.ts';

export interface Engine {
  /** Never throws. */
  decide(question: PolicyQuestion): PolicyAnswer;
  /** Takes another set over; throws and keeps the present one when Cedar refuses it. */
  replace(policies: Policies): void;
  /** Every decision after this is a deny. */
  close(): void;
}

/** Where the engine says why a question could not be put to Cedar. Fits a pino logger. */
export interface PolicyLog {
  warn(facts: object, message: string): void;
}

interface Ask {
  readonly action: PolicyAction;
  readonly principal: Pick<Principal, 'kind' | 'id' | 'teams'>;
  readonly target: Target;
  readonly input: unknown;
  readonly system: SystemFacts;
}

const notDecided: PolicyAnswer = {
  allow: false,
  policyIds: [],
  advice: ['This call could not be checked against policy, so it is refused. Ask the platform engineer to look at the server log.'],
};

/** Throws when Cedar refuses schema or policies, or when the self-test fails. */
export function createEngine(cedar: Cedar, schema: PolicySchema, policies: Policies, log: PolicyLog, auditGroup?: string): Engine {
  const slot = takeSlot();
  let current = policies;
  let generation = 0;
  let closed = false;
  /** Generation of policies that Cedar holds for a tool. */
  const prepared = new Map<string, number>();

  /** Has Cedar read and check a whole set, which from then on is the one that decides. Throws, and leaves the one before. */
  const adopt = (set: ReadonlyMap<string, Statement>) => {
    succeed(cedar.preparsePolicySet(slot, { staticPolicies: sources(set.entries()) }));
    generation += 1;
    return (action: PolicyAction) => sources([...set].filter(([, { json }]) => actionMatches(json, action)));
  };
  /** Only what may concern a tool: a scope that names other actions can neither permit nor forbid it, and costs time. */
  let relevant = (_: PolicyAction): Record<string, string> => ({});
  const prepare = (action: PolicyAction): string => {
    const name = `${slot}/${action.tool}`;
    if (prepared.get(action.tool) === generation) return name;
    succeed(cedar.preparsePolicySet(name, { staticPolicies: relevant(action) }));
    prepared.set(action.tool, generation);
    return name;
  };
  const ask = ({ action, principal, target, input, system }: Ask): AuthorizationAnswer => {
    const name = prepare(action);
    return cedar.statefulIsAuthorized({
      principal: principalUid(principal),
      action: uid('Action', action.tool),
      resource: uid(target.type, target.id),
      context: contextOf(action, input, system, auditGroup),
      preparsedSchemaName: slot,
      preparsedPolicySetId: name,
      validateRequest: true,
      entities: [principalEntity(principal), targetEntity(target)],
    });
  };
  try {
    succeed(cedar.preparseSchema(slot, schema.json));
    relevant = adopt(selfTestPolicies(cedar, schema));
    selfTest(schema, ask);
    relevant = adopt(policies);
  } catch (error) {
    giveBackSlot(slot);
    throw error;
  }

  return {
    decide: (question) => {
      const refuse = (reason: string) => {
        log.warn({ tool: question.tool, principal: question.principal.id, reason }, 'policy could not decide; denied');
        return notDecided;
      };
      try {
        const action = schema.actions.get(question.tool);
        if (closed || !action) return refuse(closed ? 'policy is closed' : 'no such tool');
        if (question.target.type !== action.entity) return refuse(`target is not of type ${action.entity}`);
        const answer = ask({ ...question, action });
        if (answer.type === 'failure') return refuse(answer.errors[0]?.message ?? 'Cedar failed');
        const { decision, diagnostics } = answer.response;
        const error = diagnostics.errors[0];
        if (error) return refuse(`${error.policyId}: ${error.error.message}`);
        if (decision === 'allow') return { allow: true, policyIds: diagnostics.reason, advice: [] };
        const deciding = diagnostics.reason.length > 0 ? diagnostics.reason : closestPermits(current, question.principal, action);
        return { allow: false, policyIds: deciding, advice: adviceOf(current, deciding) };
      } catch (error) {
        return refuse(error instanceof Error ? error.message : String(error));
      }
    },
    replace: (next) => {
      relevant = adopt(next);
      current = next;
    },
    close: () => {
      if (!closed) giveBackSlot(slot);
      closed = true;
    },
  };
}

/** A policy as Cedar reads it, twice. */
type Statement = Pick<CompiledPolicy, 'source' | 'json'>;

/** Permits everything, and forbids every group of actions by name. */
function selfTestPolicies(cedar: Cedar, schema: PolicySchema): Map<string, Statement> {
  const groups = new Set([...schema.actions.values()].flatMap((action) => action.groups));
  const texts = [
    ['everything', 'permit(principal, action, resource);'],
    ...[...groups].map((group) => [group, `forbid(principal, action in ${uid('Action', '').type}::"${group}", resource);`]),
  ];
  return new Map(
    texts.map(([id = '', source = '']) => {
      const answer = cedar.policyToJson(source);
      if (answer.type === 'failure') throw new Error(`Cedar refused ${source}: ${answer.errors[0]?.message}`);
      return [id, { source, json: answer.json }];
    }),
  );
}

/**
 * For every operation, with the real schema and on the same way as a decision: its smallest call reads as valid, and
 * is denied by exactly the forbids of its own groups.
 */
function selfTest(schema: PolicySchema, ask: (question: Ask) => AuthorizationAnswer): void {
  for (const action of schema.actions.values()) {
    const answer = ask({
      action,
      principal: { kind: 'agent', id: 'self-test', teams: [] },
      target: sampleTarget(action.entity),
      input: action.input.sample(false),
      system: { dryRun: false, sandbox: false },
    });
    const fired = answer.type === 'success' ? answer.response.diagnostics.reason : [];
    if ([...fired].sort().join() !== [...action.groups].sort().join())
      throw new Error(
        `policy self-test failed: ${action.tool} must be stopped by ${action.groups.join(' and ')}, got ${JSON.stringify(answer)}`,
      );
  }
}

function sources(policies: Iterable<readonly [string, Statement]>): Record<string, string> {
  return Object.fromEntries([...policies].map(([id, { source }]) => [id, source]));
}

function succeed(answer: { type: 'success' } | { type: 'failure'; errors: readonly { message: string }[] }): void {
  if (answer.type === 'failure') throw new Error(`Cedar refused the policies or their schema: ${answer.errors[0]?.message}`);
}
