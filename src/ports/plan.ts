/** What a dry run found: what is, and what would be. */
export interface Plan {
  current: Record<string, string>;
  change: Record<string, string>;
  /** Whether the provider's own dry run confirmed that it would accept the call. */
  providerChecked: boolean;
  /** Set by the road when the real call would need a person's approval. */
  needsApproval?: boolean;
}
