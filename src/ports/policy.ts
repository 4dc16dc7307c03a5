import type { Principal, Target } from './domain.ts';
import type { SpendFacts } from './spend.ts';

/** Server facts that policy sees as `context.system`, next to the target's own. */
export interface SystemFacts {
  readonly dryRun: boolean;
  readonly sandbox: boolean;
  /** Absent: nothing is known of it, which denies what depends on it. */
  readonly spend?: SpendFacts;
  /** Present once a person approved exactly this call (or, in the second decision, as if one had). */
  readonly approval?: { readonly approver: string };
}

export interface PolicyQuestion {
  readonly principal: Principal;
  readonly tool: string;
  readonly target: Target;
  /** Parsed input; translated by the policy layer from the tool's schema. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly system: SystemFacts;
}

export interface PolicyAnswer {
  readonly allow: boolean;
  /** `@id`s of the deciding policies. */
  readonly policyIds: readonly string[];
  /** `@advice` for a denied caller: that of the forbids that fired, else of the closest permits. Never policy text. */
  readonly advice: readonly string[];
}

/** Deny by default; an error of any kind is a deny. */
export interface PolicyPort {
  /** SHA-256 over policies and schema, hex; part of what an approval is bound to. */
  hash(): string;
  /** Tools that the principal may be able to use, by one partial evaluation. */
  visibleTools(principal: Principal): readonly string[];
  /** What its permits let it do, in the words of their authors; guardrails may still stop it. */
  capabilities(principal: Principal): readonly string[];
  decide(question: PolicyQuestion): Promise<PolicyAnswer>;
}
