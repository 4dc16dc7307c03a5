import { createHash, randomUUID } from 'node:crypto';

/** A new call id: time-ordered within a millisecond's reach, 26 characters with its prefix. */
export function newCallId(now: number): string {
  return `call_${now.toString(36).padStart(9, '0')}${randomUUID().slice(-12)}`;
}

/** Client token for providers (EC2 takes 64 ASCII characters): one per call, or one per idempotency key. */
export function clientTokenOf(callId: string, agent: string, idempotencyKey?: string): string {
  if (idempotencyKey === undefined) return callId;
  return createHash('sha256')
    .update(JSON.stringify([agent, idempotencyKey]))
    .digest('hex')
    .slice(0, 40);
}
