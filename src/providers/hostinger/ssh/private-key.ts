/** Invariant: a key that others on this machine may read is not used, and nothing of a key or its passphrase enters an error. */
import { open } from 'node:fs/promises';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import type { SshSettings } from '../../../ports/remote-host.ts';
import { notConfigured } from './errors.ts';

type KeySettings = SshSettings['key'];

const remedyForKey =
  'Set ssh.key of the server in ziggie.yaml, or HOSTINGER_SSH_KEY, to the path of an ed25519 private key (ssh-keygen -t ed25519), or keep it in the secret ziggie/hostinger-ssh.';

/**
 * The one way of logging in that is tried: public key, or the keys of an agent; never a password.
 * @throws CallError `provider_not_configured`, each reason with its own provider code
 */
export async function authMethodOf({ key, user: username }: SshSettings): Promise<AnyAuthMethod> {
  if (key.kind === 'agent') return { type: 'agent', username, agent: key.socket };
  return { type: 'publickey', username, key: await parse(key) };
}

async function parse(key: Exclude<KeySettings, { kind: 'agent' }>): Promise<ParsedKey> {
  const text = key.kind === 'text' ? key.text : await readKeyFile(key.path);
  const { default: ssh2 } = await import('ssh2');
  const parsed = ssh2.utils.parseKey(text, key.passphrase);
  if (parsed instanceof Error) throw unreadable(parsed.message, key.passphrase !== undefined);
  if (!parsed.isPrivateKey()) {
    throw notConfigured(
      'PublicKey',
      'What is configured as the SSH key is a public key.',
      'Name the private key: the same path without .pub.',
    );
  }
  if (parsed.type === 'ssh-dss')
    throw notConfigured('KeyTooOld', 'The SSH key is a DSA key, which no server accepts any more.', remedyForKey);
  return parsed;
}

/** ssh2 tells its reasons apart only in words, which say nothing of the key itself. */
function unreadable(reason: string, hasPassphrase: boolean) {
  if (/no passphrase/i.test(reason)) {
    return notConfigured(
      'PassphraseMissing',
      'The SSH key is encrypted, and no passphrase is configured.',
      'Load the key into an agent and set hostinger.servers[].ssh.key to agent, or give the passphrase in HOSTINGER_SSH_PASSPHRASE or in the secret ziggie/hostinger-ssh.',
    );
  }
  if (hasPassphrase && /passphrase|integrity|decrypt/i.test(reason)) {
    return notConfigured(
      'PassphraseWrong',
      'The passphrase does not open the SSH key.',
      'Correct the passphrase that is configured with the key.',
    );
  }
  return notConfigured('NotAKey', 'What is configured as the SSH key is no private key that can be read.', remedyForKey);
}

async function readKeyFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw notConfigured('KeyFileUnreadable', `The SSH key file cannot be opened: ${cause.code ?? 'unknown error'}.`, remedyForKey);
  });
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw notConfigured('NotAKey', 'What is configured as the SSH key file is no file.', remedyForKey);
    // Windows has no such bits.
    if (process.platform !== 'win32' && (facts.mode & 0o077) !== 0) {
      throw notConfigured(
        'KeyFileTooOpen',
        `Others on this machine may read or write the SSH key file (mode ${(facts.mode & 0o777).toString(8)}), so it is not used.`,
        `chmod 600 ${path}`,
      );
    }
    if (facts.size > 64 * 1_024)
      throw notConfigured('NotAKey', 'What is configured as the SSH key file is too long to be a key.', remedyForKey);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
