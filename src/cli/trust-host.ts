import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Call } from '../call/call.ts';
import { createRedactor } from '../call/redact.ts';
import { startServer } from '../server.ts';
import { type CommonOptions, settingsOf } from './context.ts';
import { CliError, exit, print, warn } from './output.ts';

/**
 * Invariant: a host key is trusted only when a person has compared it: with what the server's console shows, typed at a terminal or
 * given as `--fingerprint`. Nothing is trusted because it was there first.
 *
 * Shows the key of a server and, once it is confirmed, adds it to `known_hosts` in the configuration folder.
 */
export async function trustHost(options: CommonOptions & { trustHost: string; fingerprint?: string }): Promise<void> {
  const settings = await settingsOf(options);
  const name = options.trustHost;
  const server = settings.hostinger.servers.find((each) => each.name === name);
  if (!server) {
    const known = settings.hostinger.servers.map((each) => each.name).join(', ') || 'none';
    throw new CliError(exit.usage, `There is no server ${name} in ${settings.yamlFile}; there are: ${known}.`);
  }
  if (settings.sandbox) throw new CliError(exit.usage, 'The sandbox knows its own servers; there is nothing to trust.');
  const running = await startServer(settings);
  try {
    const call = new Call({ tool: 'doctor', input: {} }, Date.now(), createRedactor()).scope();
    const { address, fingerprint, type, publicKey, pinned } = await running.scanHostKey(name, call);
    const line = `${address} ${type} ${publicKey}`;
    // Asked before it is shown: what is typed comes from the console, not from the line above.
    const compared = pinned.length > 0 ? undefined : (options.fingerprint ?? (await ask(name)));
    print(`${name} (${address}) shows this ${type} key:\n  ${fingerprint}`);
    if (pinned.length > 0) {
      process.exitCode = pinned.includes(fingerprint) ? exit.done : exit.failed;
      const is = pinned.includes(fingerprint) ? 'That is what' : 'THAT IS NOT what';
      warn(`${is} is pinned (${pinned.join(', ')}). Nothing was written: a pinned key is changed where it stands, by a person.`);
      return;
    }
    if (compared !== fingerprint) {
      if (compared === undefined)
        warn('A person has to compare it: run this at a terminal, or give the fingerprint of the console as --fingerprint.');
      else warn(`That is not ${compared}: this is another machine, or another key of it.`);
      process.exitCode = exit.failed;
      warn('Not trusted. Nothing was written.');
      return;
    }
    const { knownHosts } = settings.hostinger;
    const before = existsSync(knownHosts) ? readFileSync(knownHosts, 'utf8') : '';
    const isThere = before.split('\n').includes(line);
    if (!isThere) appendFileSync(knownHosts, `${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`, { mode: 0o644 });
    print(isThere ? `It is in ${knownHosts} already.` : `Added to ${knownHosts}.`);
    if (server.ssh.knownHosts !== undefined)
      warn(`${name} names a file of its own (ssh.knownHosts): add the line there instead.\n  ${line}`);
  } finally {
    await running.close();
  }
}

/** Undefined where nobody sits at a terminal. */
async function ask(name: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(
    `On the console of ${name}, \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` shows its key.\nThe fingerprint that it shows there (SHA256:…): `,
  );
  lines.close();
  return answer.trim();
}
