import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { ApprovalRow } from '../ports/state.ts';

/**
 * Invariant: only who holds an approver's private key can give an approval. The signature covers the binding, the
 * approval's own id and its expiry, so it cannot be moved to another row or outlive its time.
 */

type Signed = Pick<ApprovalRow, 'id' | 'bindingHash' | 'expiresAt'>;

function message(row: Signed, approver: string): Buffer {
  return Buffer.from(`ziggie-cloud approval v1\n${row.id}\n${row.bindingHash}\n${row.expiresAt}\n${approver}\n`);
}

/** A new Ed25519 key pair: the private key as PKCS #8 PEM encrypted with the passphrase, the public one as SPKI DER in base64. */
export function createApproverKey(passphrase: string): { privatePem: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

/**
 * @returns base64 signature
 * @throws Error when the passphrase does not open the key
 */
export function signApproval(row: Signed, approver: string, privatePem: string, passphrase: string): string {
  const key = createPrivateKey({ key: privatePem, passphrase });
  return sign(null, message(row, approver), key).toString('base64');
}

/** Public half of an encrypted private key, as it stands in ziggie.yaml. */
export function publicKeyOf(privatePem: string, passphrase: string): string {
  return createPublicKey(createPrivateKey({ key: privatePem, passphrase }))
    .export({ type: 'spki', format: 'der' })
    .toString('base64');
}

/** Whether the approver's key made this signature. False for anything malformed. */
export function isSigned(row: Signed, approver: string, publicKey: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, message(row, approver), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
