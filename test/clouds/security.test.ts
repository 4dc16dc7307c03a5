import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { bothReviews, type FirewallReview } from '../../src/clouds/security.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import type { Finding, Review, SecurityPort, Severity } from '../../src/ports/security.ts';
import { newCall, resolved } from '../aws/harness.ts';

/** Two reviews of the tests' own: how they become one is what is asked here. */

const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
const bySeverity = (a: Finding, b: Finding) => severities.indexOf(a.severity) - severities.indexOf(b.severity);
const finding = (resource: string, severity: Severity): Finding => ({ severity, rule: 'r', resource, evidence: 'e', fix: 'f' });
const account = (provider: 'aws' | 'hostinger') =>
  resolved<AccountTarget>({ type: 'Account', id: provider, provider, account: provider, accountId: '', regions: [], tags: {} });
const both = [account('aws'), account('hostinger')];

function aws(all: readonly Finding[], failure?: CallError): SecurityPort {
  const network: SecurityPort['network'] = async (accounts, { limit, cursor, severity }): Promise<Review> => {
    if (accounts.some(({ provider }) => provider !== 'aws')) throw new Error('an account of the other cloud');
    if (failure) throw failure;
    const shown = [...all].sort(bySeverity).filter((each) => severity === undefined || each.severity === severity);
    const from = Number(cursor ?? 0);
    const to = from + limit;
    const counts: Review['counts'] = {};
    for (const each of all) counts[each.severity] = (counts[each.severity] ?? 0) + 1;
    return { findings: shown.slice(from, to), counts, checked: ['open-ports'], ...(to < shown.length ? { nextCursor: String(to) } : {}) };
  };
  return { network } as SecurityPort;
}
const firewalls = (findings: readonly Finding[], error?: CallError): FirewallReview => ({
  findings,
  checked: error ? [] : ['vps-firewalls'],
  missing: error ? [{ provider: 'hostinger', account: 'hostinger', check: 'vps-firewalls', code: error.code, message: error.message }] : [],
  ...(error ? { error } : {}),
});
const down = () => new CallError('provider_unavailable', 'down', { remedy: 'wait' });

describe('a review of both clouds', () => {
  it('shows every finding once, each page by severity and no longer than asked, with the same counts on all', async () => {
    const some = fc.array(fc.constantFrom(...severities), { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(some, some, fc.integer({ min: 1, max: 8 }), async (onAws, onVps, limit) => {
        const [first, second] = [onAws.map((each, i) => finding(`a${i}`, each)), onVps.map((each, i) => finding(`h${i}`, each))];
        const port = bothReviews(aws(first), async () => firewalls(second));
        const seen: string[] = [];
        const counts = new Set<string>();
        let cursor: string | undefined;
        do {
          const page = await port.network(both, { limit, ...(cursor === undefined ? {} : { cursor }) }, newCall());
          expect(page.findings.length).toBeLessThanOrEqual(limit);
          expect(page.findings).toEqual([...page.findings].sort(bySeverity));
          seen.push(...page.findings.map(({ resource }) => resource));
          counts.add(JSON.stringify(Object.entries(page.counts).sort()));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen.toSorted()).toEqual([...first, ...second].map(({ resource }) => resource).sort());
        expect(counts.size).toBe(1);
      }),
    );
  });

  it('names the cloud that could not be seen, and fails only when none could', async () => {
    const first = [finding('sg-1', 'high')];
    const withoutVps = await bothReviews(aws(first), async () => firewalls([], down())).network(both, { limit: 5 }, newCall());
    expect(withoutVps).toMatchObject({ findings: first, checked: ['open-ports'], missing: [{ provider: 'hostinger' }] });
    const withoutAws = await bothReviews(aws([], down()), async () => firewalls(first)).network(both, { limit: 5 }, newCall());
    expect(withoutAws).toMatchObject({
      findings: first,
      checked: ['vps-firewalls'],
      missing: [{ provider: 'aws', code: 'provider_unavailable' }],
    });
    const blind = bothReviews(aws([], down()), async () => firewalls([], down()));
    await expect(blind.network(both, { limit: 5 }, newCall())).rejects.toMatchObject({ code: 'provider_unavailable' });
    await expect(blind.network([account('hostinger')], { limit: 5 }, newCall())).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('refuses a cursor of something else', async () => {
    const port = bothReviews(aws([]), async () => firewalls([]));
    for (const position of ['nonsense', '{"shown":-1}', '{"aws":"1"}', '{"shown":0,"aws":1}', 'null']) {
      const cursor = Buffer.from(position).toString('base64url');
      const refusal = { code: 'invalid_input', message: 'The cursor does not belong to a review.' };
      await expect(port.network(both, { limit: 5, cursor }, newCall())).rejects.toMatchObject(refusal);
    }
  });
});
