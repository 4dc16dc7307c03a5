import type { AwsAccount } from './accounts.ts';
import type { Identify } from './identity.ts';
import type { Sender } from './send.ts';

/** What every part of the adapter is made of. */
export interface AwsContext {
  readonly accounts: readonly AwsAccount[];
  readonly sender: Sender;
  readonly identify: Identify;
  /** Pause between two looks at something that is changing, in milliseconds. */
  readonly pollMs: number;
}
