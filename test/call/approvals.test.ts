import { mkdtempSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApproverKey, isSigned, signApproval } from '../../src/approvals/signing.ts';
import { agent, approver, createHarness, errorOf, type Harness, outputOf, tagged, untagged } from './harness.ts';

const ziggie = agent('agent-ziggie');
const terminate = (id: string, more: object = {}) => ({
  principal: ziggie,
  tool: 'instances_terminate',
  input: { provider: 'aws', id, ...more },
});

let road: Harness;
let clock: number;
beforeEach(async () => {
  clock = Date.now();
  road = await createHarness({ now: () => clock });
});
afterEach(() => road.close());

/** Writes to the database past the store, as somebody with the file would. */
function tamper(sql: string, ...values: (string | number | null)[]): void {
  const db = new DatabaseSync(join(road.folder, 'state.sqlite'));
  db.prepare(sql).run(...values);
  db.close();
}

async function requested(id = tagged): Promise<string> {
  const { approval } = errorOf(await road.invoke(terminate(id)));
  if (!approval) throw new Error('no approval was asked for');
  return approval.id;
}

describe('approvals', () => {
  it('let exactly the approved call run, once', async () => {
    const first = errorOf(await road.invoke(terminate(tagged)));
    expect(first).toMatchObject({ code: 'approval_required', effect: 'none', retryable: true });
    expect(first.approval?.how).toContain(first.approval?.id);
    expect(errorOf(await road.invoke(terminate(tagged))).approval?.id).toBe(first.approval?.id);

    road.approve(first.approval?.id ?? '');
    outputOf(await road.invoke(terminate(tagged)));
    expect(road.changed).toHaveLength(1);
    expect(road.entries.find(({ phase }) => phase === 'intent')).toMatchObject({ approvalId: first.approval?.id, decision: 'allow' });

    const again = errorOf(await road.invoke(terminate(tagged)));
    expect(again.code).toBe('approval_required');
    expect(again.approval?.id).not.toBe(first.approval?.id);
    expect(road.changed).toHaveLength(1);
  });

  it('run once even when the approved call is repeated at the same time', async () => {
    road.approve(await requested());
    const results = await Promise.all(Array.from({ length: 8 }, () => road.invoke(terminate(tagged))));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(road.changed).toHaveLength(1);
  });

  it('fit no other argument, agent or target', async () => {
    road.approve(await requested());
    expect(errorOf(await road.invoke(terminate(tagged, { region: 'eu-north-1' }))).code).toBe('approval_required');
    expect(errorOf(await road.invoke(terminate(untagged))).code).toBe('approval_required');
    expect(errorOf(await road.invoke({ ...terminate(tagged), principal: agent('agent-marcus') })).code).toBe('policy_denied');
    expect(road.changed).toEqual([]);
  });

  it('are void when the facts of the target changed', async () => {
    road.approve(await requested());
    const target = road.cloud.get(tagged);
    if (!target) throw new Error('no fleet');
    road.cloud.set(tagged, { ...target, tags: { ...target.tags, Environment: 'production' } });
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    road.cloud.set(tagged, { ...target, state: 'stopped' });
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('are void when the policy changed', async () => {
    const policyFolder = join(mkdtempSync(join(tmpdir(), 'ziggie-policy-')), 'policy');
    await cp(join(import.meta.dirname, '../../config/policy'), policyFolder, { recursive: true });
    const changing = await createHarness({ policyFolder });
    const { approval } = errorOf(await changing.invoke(terminate(tagged)));
    changing.approve(approval?.id ?? '');
    const file = join(policyFolder, 'agent-ziggie.cedar');
    await writeFile(file, `${await readFile(file, 'utf8')}\n// changed\n`);
    expect(await changing.policy.reload()).toMatchObject({ ok: true });
    expect(errorOf(await changing.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(changing.changed).toEqual([]);
    await changing.close();
    await rm(policyFolder, { recursive: true });
  });

  it('count only if policy takes this approver, and are not used up otherwise', async () => {
    const id = await requested();
    road.approve(id);
    const { decide } = road.road.policy;
    road.road.policy.decide = async (question) =>
      question.system.approval?.approver === 'alice' ? { allow: false, policyIds: ['only-bob'], advice: [] } : decide(question);
    Object.assign(road.road, { approverIds: async () => ['bob'] });
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('policy_denied');
    expect(road.changed).toEqual([]);
    expect(road.store.getApproval(id)?.status).toBe('approved');
  });

  it('expire', async () => {
    road.approve(await requested());
    clock += 600_001;
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('can be rejected, and then say so', async () => {
    const id = await requested();
    road.store.decideApproval(id, { status: 'rejected', approver: 'alice', now: clock });
    expect(errorOf(await road.invoke(terminate(tagged)))).toMatchObject({ code: 'approval_rejected', effect: 'none' });
    expect(road.entries.at(-1)).toMatchObject({ errorCode: 'approval_rejected', approvalId: id });
  });

  it('are given back when the intent could not be recorded', async () => {
    const id = await requested();
    road.approve(id);
    road.brokenPhases.add('intent');
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('audit_unavailable');
    road.brokenPhases.clear();
    outputOf(await road.invoke(terminate(tagged)));
    expect(road.changed).toHaveLength(1);
  });

  it('stay spent when the outcome is unknown', async () => {
    road.approve(await requested());
    road.onChange = async () => {
      throw new Error('reset');
    };
    expect(errorOf(await road.invoke(terminate(tagged))).effect).toBe('unknown');
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toHaveLength(1);
  });
});

describe('writing to the database gives nobody an approval', () => {
  it('a row that merely says approved', async () => {
    const id = await requested();
    tamper(`UPDATE approvals SET status = 'approved', approver = 'alice' WHERE id = ?`, id);
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    tamper(`UPDATE approvals SET status = 'approved', signature = ? WHERE id = ?`, Buffer.alloc(64).toString('base64'), id);
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('a signature of an unknown key, or in the name of another approver', async () => {
    const id = await requested();
    const row = road.store.getApproval(id);
    if (!row) throw new Error('no row');
    const stranger = createApproverKey('x');
    for (const name of ['alice', 'mallory']) {
      const signature = signApproval(row, name, stranger.privatePem, 'x');
      tamper(`UPDATE approvals SET status = 'approved', approver = ?, signature = ? WHERE id = ?`, name, signature, id);
      expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    }
    expect(road.changed).toEqual([]);
  });

  it('a signature moved to another row, or with a later expiry', async () => {
    const id = await requested();
    road.approve(id);
    const signature = road.store.getApproval(id)?.signature ?? '';
    const other = await requested(untagged);
    tamper(`UPDATE approvals SET status = 'approved', approver = 'alice', signature = ? WHERE id = ?`, signature, other);
    expect(errorOf(await road.invoke(terminate(untagged))).code).toBe('approval_required');
    tamper(`UPDATE approvals SET expires_at = expires_at + 1 WHERE id = ?`, id);
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('a signature moved to another request for the same call', async () => {
    const id = await requested();
    road.approve(id);
    outputOf(await road.invoke(terminate(tagged)));
    const spent = road.store.getApproval(id);
    const again = await requested();
    expect(road.store.getApproval(again)?.bindingHash).toBe(spent?.bindingHash);
    tamper(
      `UPDATE approvals SET status = 'approved', approver = 'alice', signature = ?, expires_at = ? WHERE id = ?`,
      spent?.signature ?? '',
      spent?.expiresAt ?? 0,
      again,
    );
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toHaveLength(1);
  });

  it('a stored call that was rewritten after it was approved', async () => {
    const id = await requested();
    road.approve(id);
    tamper(`UPDATE approvals SET binding = replace(binding, 'eu-north-1', 'eu-north-2') WHERE id = ?`, id);
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('a spent row set back to approved', async () => {
    const id = await requested();
    road.approve(id);
    outputOf(await road.invoke(terminate(tagged)));
    tamper(`UPDATE approvals SET status = 'approved', call_id = NULL WHERE id = ?`, id);
    expect(errorOf(await road.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(road.changed).toHaveLength(1);
  });

  it('a stored call swapped for another under the same hash', async () => {
    const id = await requested();
    road.approve(id);
    const other = await requested(untagged);
    const { bindingHash = '' } = road.store.getApproval(other) ?? {};
    tamper('UPDATE approvals SET binding_hash = ? WHERE id = ?', bindingHash, id);
    expect(errorOf(await road.invoke(terminate(untagged))).code).toBe('approval_required');
    expect(road.changed).toEqual([]);
  });

  it('an approval by the requester', async () => {
    const own = await createHarness({ approvers: new Map([['agent-ziggie', approver.publicKey]]) });
    const { approval } = errorOf(await own.invoke(terminate(tagged)));
    const row = own.store.getApproval(approval?.id ?? '');
    if (!row) throw new Error('no row');
    const signature = signApproval(row, 'agent-ziggie', approver.privatePem, approver.passphrase);
    own.store.decideApproval(row.id, { status: 'approved', approver: 'agent-ziggie', signature, now: Date.now() });
    expect(errorOf(await own.invoke(terminate(tagged))).code).toBe('approval_required');
    expect(own.changed).toEqual([]);
    await own.close();
  });
});

describe('signatures', () => {
  const row = { id: 'apr_x', bindingHash: 'ab'.repeat(32), expiresAt: 1 };
  it('are Ed25519 and open only with the passphrase', () => {
    const signature = signApproval(row, 'alice', approver.privatePem, approver.passphrase);
    expect(isSigned(row, 'alice', approver.publicKey, signature)).toBe(true);
    expect(() => signApproval(row, 'alice', approver.privatePem, 'wrong')).toThrow();
    expect(approver.privatePem).toContain('ENCRYPTED');
  });

  it.each(['', 'AAAA', 'not base64', 'MCowBQYDK2VwAyEA'])('are refused for the malformed key %j', (publicKey) => {
    expect(isSigned(row, 'alice', publicKey, signApproval(row, 'alice', approver.privatePem, approver.passphrase))).toBe(false);
  });
});
