import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApproverKey } from '../approvals/signing.ts';
import { addSandboxApprover } from '../config/approvers.ts';
import type { Settings } from '../config/load.ts';

/** The sandbox's own approver: its key lies in the sandbox's state folder and counts nowhere else. */
const sandbox = { id: 'sandbox-operator', passphrase: 'sandbox' } as const;

export function sandboxKeyFile(settings: Settings): string {
  return join(settings.stateFolder, `${sandbox.id}.pem`);
}

/** Makes the approver on first use. */
export async function sandboxApprover(settings: Settings): Promise<{ id: string; passphrase: string; keyFile: string }> {
  const keyFile = sandboxKeyFile(settings);
  if (!existsSync(keyFile)) {
    const { privatePem, publicKey } = createApproverKey(sandbox.passphrase);
    writeFileSync(keyFile, privatePem, { mode: 0o600 });
    addSandboxApprover(settings, { id: sandbox.id, publicKey });
  }
  return { ...sandbox, keyFile };
}
