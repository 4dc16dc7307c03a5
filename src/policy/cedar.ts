/**
 * Invariant: Cedar's WebAssembly is loaded once, on the first use, and its preparsed schemas and policy sets live under
 * a bounded set of ids. A new id for every reload would leak memory for as long as the process lives.
 */
import type * as CedarModule from '@cedar-policy/cedar-wasm/nodejs';

export type Cedar = Pick<
  typeof CedarModule,
  | 'isAuthorizedPartial'
  | 'policySetTextToParts'
  | 'policyToJson'
  | 'preparsePolicySet'
  | 'preparseSchema'
  | 'statefulIsAuthorized'
  | 'validate'
>;

let loading: Promise<Cedar> | undefined;

/** Loads Cedar (tens of milliseconds), so nothing on the way to the first answer may wait for it. */
export function loadCedar(): Promise<Cedar> {
  loading ??= import('@cedar-policy/cedar-wasm/nodejs');
  return loading;
}

const freeSlots: string[] = [];
let slotsMade = 0;

/** An id for one preparsed schema and policy set; ids that were given back are used again. */
export function takeSlot(): string {
  return freeSlots.pop() ?? `ziggie-${slotsMade++}`;
}

export function giveBackSlot(slot: string): void {
  freeSlots.push(slot);
}
