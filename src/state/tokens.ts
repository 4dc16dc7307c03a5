import { hash, randomBytes } from 'node:crypto';
import type { StateStore } from '../ports/state.ts';

/**
 * Static agent tokens for HTTP. Invariant: only a SHA-256 of a token is kept; 256 random bits need no slow hash.
 */

const prefix = 'zgt_';

/** Makes a token for an agent; the plain text is returned once and never again. */
export function createToken(store: StateStore, agent: string, now = Date.now()): { id: string; token: string } {
  const id = `tok_${randomBytes(6).toString('hex')}`;
  const token = `${prefix}${randomBytes(32).toString('base64url')}`;
  store.addToken(id, hashOf(token), agent, now);
  return { id, token };
}

/** The agent that a token stands for; undefined for an unknown or revoked one. */
export function agentOfToken(store: StateStore, token: string): string | undefined {
  if (!token.startsWith(prefix)) return undefined;
  const row = store.findToken(hashOf(token));
  return row && row.revokedAt === undefined ? row.agent : undefined;
}

function hashOf(token: string): string {
  return hash('sha256', token);
}
