/** Where the second copy of a journal goes. Journals of different destinations never mix. */
export interface Destination {
  /** Account as configured; empty when only the credentials will tell. */
  readonly account: string;
  readonly region: string;
  /** Endpoint URL of the log service; empty for the provider's own. */
  readonly endpoint: string;
  readonly logGroup: string;
  readonly mode: 'live' | 'sandbox';
}

/** Field by field, because `unknown` comes from a file. */
export function sameDestination(a: Destination, b: Destination): boolean {
  return a.account === b.account && a.region === b.region && a.endpoint === b.endpoint && a.logGroup === b.logGroup && a.mode === b.mode;
}
