import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { isIntact } from '../approvals/binding.ts';
import { createApproverKey, publicKeyOf, signApproval } from '../approvals/signing.ts';
import { spendInWords } from '../call/advice.ts';
import { newCallId } from '../call/call-id.ts';
import { cleanDeep } from '../call/canonical.ts';
import { createRedactor } from '../call/redact.ts';
import { addApprover } from '../config/add-approver.ts';
import { createApproverList } from '../config/approvers.ts';
import { approverKeyFolder, processEnvironment } from '../config/environment.ts';
import type { Settings } from '../config/load.ts';
import { connectSpend } from '../connect-spend.ts';
import type { Resolved } from '../ports/domain.ts';
import type { SpendPort } from '../ports/spend.ts';
import type { ApprovalRow } from '../ports/state.ts';
import type { ZiggieServer } from '../server.ts';
import { type CommonOptions, settingsOf, withServer, withStore } from './context.ts';
import { CliError, exit, print, printJson, table } from './output.ts';
import { readPassphrase } from './passphrase.ts';
import { sandboxApprover } from './sandbox-approver.ts';

/** Giving approvals: a person's act, signed with a key that neither an agent nor the server has. */

interface KeyOptions extends CommonOptions {
  readonly key?: string;
  readonly passphraseFile?: string;
}

export async function list(options: CommonOptions & { all?: boolean; json?: boolean }): Promise<void> {
  await withStore(options, (store, settings) => {
    const now = Date.now();
    const rows = store.listApprovals({ ...(options.all ? {} : { status: 'pending' }), now });
    if (options.json) return printJson(rows.map(view));
    if (rows.length === 0) return print(`Nothing waits for approval in ${settings.stateFolder}.`);
    print(
      table([
        ['ID', 'STATUS', 'AGENT', 'TOOL', 'ON', 'EXPIRES'],
        ...rows.map((row) => [row.id, row.status, row.requester, row.tool, targetsOf(row), new Date(row.expiresAt).toISOString()]),
      ]),
    );
  });
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  await withStore(options, async (store, settings) => {
    const row = existing(store.getApproval(id), id, settings);
    print(stringify({ ...view(row), ...(await spendOf(row, connectSpend(settings, store))) }));
  });
}

export async function decide(verb: 'approve' | 'reject', id: string, options: KeyOptions & { as?: string }): Promise<void> {
  await withServer(options, async (server, settings) => {
    const row = existing(server.store.getApproval(id), id, settings);
    if (row.status !== 'pending' || row.expiresAt <= Date.now()) {
      throw new CliError(exit.failed, `${id} is ${row.status === 'pending' ? 'expired' : row.status}; nothing to decide.`);
    }
    // The signature covers the hash and the expiry, a person reads the stored call: they must be what the road asked for.
    if (!isIntact(row) || row.expiresAt > Date.now() + settings.approvalTtlMs) {
      throw new CliError(exit.failed, `${id} was changed in the database after it was asked for; it cannot be decided.`);
    }
    print(stringify({ ...view(row), ...(await spendOf(row, server.road.spend)) }));
    const { approver, keyFile, passphrase } = await identify(options, settings);
    if (approver === row.requester) throw new CliError(exit.denied, 'Nobody approves a request of their own.');
    const key = readFileSync(keyFile, 'utf8');
    let signature: string;
    try {
      if ((await createApproverList(settings)()).get(approver) !== publicKeyOf(key, passphrase)) {
        throw new CliError(exit.denied, `The key in ${keyFile} is not the one that ${settings.yamlFile} has for ${approver}.`);
      }
      signature = signApproval(row, approver, key, passphrase);
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError(exit.failed, `${keyFile} does not open with this passphrase.`);
    }
    const decision = verb === 'approve' ? { status: 'approved' as const, signature } : { status: 'rejected' as const };
    await onRecord(server, settings, approver, `approvals_${verb}`, id, () => {
      if (!server.store.decideApproval(id, { ...decision, approver, now: Date.now() })) {
        throw new CliError(exit.failed, `${id} was decided or expired meanwhile.`);
      }
    });
    print(
      verb === 'approve'
        ? `Approved. ${row.requester} may now repeat exactly this call, once, until ${new Date(row.expiresAt).toISOString()}.`
        : 'Rejected.',
    );
  });
}

export async function addApproverCommand(id: string, options: KeyOptions): Promise<void> {
  const settings = await settingsOf(options);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) throw new CliError(exit.usage, 'An approver id has lower-case letters, digits and hyphens.');
  if (settings.agents.some((agent) => agent.id === id)) throw new CliError(exit.usage, `${id} is an agent; approvers are people.`);
  const keyFile = options.key ?? defaultKeyFile(id);
  if (existsSync(keyFile)) throw new CliError(exit.usage, `${keyFile} exists already; move it away first.`);
  const passphrase = await readPassphrase(`New passphrase for ${id}: `, options.passphraseFile);
  const { privatePem, publicKey } = createApproverKey(passphrase);
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  writeFileSync(keyFile, privatePem, { mode: 0o600, flag: 'wx' });
  try {
    addApprover(settings, { id, publicKey });
  } catch (error) {
    // A key that nobody trusts would only be in the way of the next try.
    rmSync(keyFile);
    throw error;
  }
  print(
    `${id} may approve. Public key in ${settings.yamlFile}; private key, encrypted, in ${keyFile}.\nKeep it where no agent can read it.`,
  );
}

export async function listApprovers(options: CommonOptions): Promise<void> {
  const approvers = await createApproverList(await settingsOf(options))();
  print(
    approvers.size === 0 ? 'Nobody may approve yet: ziggie-cloud approvers add <id>' : table([...approvers].map(([id, key]) => [id, key])),
  );
}

/** Who decides, with which key: named, or the only approver whose key lies on this machine. */
async function identify(
  options: KeyOptions & { as?: string },
  settings: Settings,
): Promise<{ approver: string; keyFile: string; passphrase: string }> {
  if (settings.sandbox && options.as === undefined && options.key === undefined) {
    const { id, keyFile, passphrase } = await sandboxApprover(settings);
    return { approver: id, keyFile, passphrase };
  }
  const known = [...(await createApproverList(settings)()).keys()];
  const here = known.filter((id) => existsSync(options.key ?? defaultKeyFile(id)));
  const approver = options.as ?? (here.length === 1 ? here[0] : undefined);
  if (approver === undefined || !known.includes(approver)) {
    throw new CliError(
      exit.usage,
      `Say who you are with --as <approver>. Approvers: ${known.join(', ') || 'none; ziggie-cloud approvers add <id>'}.`,
    );
  }
  const keyFile = options.key ?? defaultKeyFile(approver);
  if (!existsSync(keyFile)) throw new CliError(exit.failed, `There is no key in ${keyFile}; say --key.`);
  return { approver, keyFile, passphrase: await readPassphrase(`Passphrase of ${approver}: `, options.passphraseFile) };
}

/** A decision is on the record before it counts, like every other act. */
async function onRecord(
  server: ZiggieServer,
  settings: Settings,
  approver: string,
  tool: string,
  id: string,
  act: () => void,
): Promise<void> {
  const entry = {
    callId: newCallId(Date.now()),
    principal: `human:${approver}`,
    client: 'cli',
    tool,
    args: { approval: id },
    sandbox: settings.sandbox,
  };
  await server.audit.append({ ...entry, phase: 'intent', ts: new Date().toISOString() });
  try {
    act();
  } catch (error) {
    await server.audit.append({ ...entry, phase: 'outcome', ts: new Date().toISOString(), outcome: 'failure', effect: 'none' });
    throw error;
  }
  await server.audit.append({ ...entry, phase: 'outcome', ts: new Date().toISOString(), outcome: 'success', effect: 'applied' });
}

function defaultKeyFile(id: string): string {
  return join(approverKeyFolder(processEnvironment()), `${id}.pem`);
}

function existing(row: ApprovalRow | undefined, id: string, settings: Settings): ApprovalRow {
  if (!row)
    throw new CliError(exit.failed, `There is no approval ${id} in ${settings.stateFolder}. Is it another account, endpoint or --sandbox?`);
  return row;
}

interface Binding {
  readonly input: unknown;
  readonly targets: readonly { readonly type?: string; readonly id?: string }[];
  readonly policySetHash: string;
}

/** The stored call, as it would run: never the agent's words. Cleaned and redacted, since tags are anybody's text. */
function view(row: ApprovalRow): object {
  return createRedactor().value(cleanDeep(stored(row), textLimit)) as object;
}

const textLimit = 2_000;

function stored(row: ApprovalRow): object {
  const { input, targets, policySetHash } = JSON.parse(row.binding) as Binding;
  const { id, status, requester, tool, approver } = row;
  return {
    id,
    status,
    agent: requester,
    tool,
    input,
    targets,
    policySet: policySetHash.slice(0, 12),
    requestedAt: new Date(row.createdAt).toISOString(),
    expiresAt: new Date(row.expiresAt).toISOString(),
    ...(approver ? { approver } : {}),
  };
}

/** What a launch would cost, as it is decided on now: not part of what is signed. */
async function spendOf(row: ApprovalRow, spend: SpendPort): Promise<{ spend?: Record<string, string> }> {
  const { operations } = await import('../tools/index.ts');
  const { input, targets } = JSON.parse(row.binding) as Binding;
  // Of a target only what the approval is bound to is known here, which has no type of an instance that is to be started.
  const addition = operations.find(({ name }) => name === row.tool)?.adds?.(input, targets[0] as unknown as Resolved);
  return addition?.instanceType === undefined ? {} : { spend: spendInWords(await spend.facts(addition)) };
}

function targetsOf(row: ApprovalRow): string {
  return (JSON.parse(row.binding) as Binding).targets.map(({ type, id }) => `${type}:${id}`).join(' ');
}
