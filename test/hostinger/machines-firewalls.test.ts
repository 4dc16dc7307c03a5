import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMachines } from '../../src/providers/hostinger/machines/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { apiFor, type Stub, startStub } from './stub.ts';

let stub: Stub;
beforeEach(async () => {
  stub = await startStub();
});
afterEach(() => stub.close());

const rule = (facts: object) => ({ id: 1, action: 'accept', protocol: 'TCP', port: '22', source: 'any', source_detail: 'any', ...facts });
const from = (source_detail: string) => ({ source: 'custom', source_detail });

function firewall(rules: object[], facts: object = {}): void {
  const data = [{ id: 65_224, name: 'web', is_synced: true, rules, ...facts }];
  stub.fail(/firewall/, { kind: 'status', status: 200, body: { data, meta: { current_page: 1, per_page: 50, total: 1 } } });
}

async function review(sshRanges: string[] = ['198.51.100.0/24']) {
  const spec = { name: 'ziggie-main', id: 1_268_054, tags: {}, readFolders: [], services: [], commands: {} };
  return createMachines({ api: apiFor(stub), servers: [spec], pollMs: 5 }).networkReview(sshRanges, newCall());
}
const found = async (sshRanges?: string[]) => (await review(sshRanges)).findings.filter(({ rule }) => rule !== 'vps-without-firewall');

describe('the review of firewalls', () => {
  it('finds machines without one and SSH for everybody', async () => {
    const { findings, checked, missing, error } = await review();
    expect(findings.map(({ severity, rule, resource }) => [severity, rule, resource])).toEqual([
      ['high', 'vps-without-firewall', 'ziggie-staging.ziggie.example (1268055)'],
      ['critical', 'ssh-open-to-world', 'firewall 65224'],
    ]);
    expect(findings[1]?.evidence).toBe('web: tcp 22 (SSH) open to 0.0.0.0/0, ::/0; before ziggie-main (1268054)');
    expect({ checked, missing, error }).toEqual({ checked: ['vps-firewalls'], missing: [], error: undefined });
  });

  it.each<[string, object, string[]]>([
    ['SSH from the known range', { protocol: 'SSH', ...from('198.51.100.7') }, []],
    ['SSH from a part of the known range', from('198.51.100.1-198.51.100.9'), []],
    ['SSH from elsewhere', from('192.0.2.0/24'), ['medium ssh-beyond-known-ranges']],
    ['SSH from a range that leaves the known one', from('198.51.100.250-198.51.101.5'), ['medium ssh-beyond-known-ranges']],
    ['SSH from half the world', from('0.0.0.0/1'), ['critical ssh-open-to-world']],
    ['a source that cannot be read', from('my-office'), ['critical ssh-open-to-world']],
    ['a range that runs backwards', from('198.51.100.9-198.51.100.1'), ['critical ssh-open-to-world']],
    ['MySQL', { protocol: 'MySQL', port: '3306' }, ['critical database-open-to-world']],
    ['PostgreSQL without a port', { protocol: 'PostgreSQL', port: null }, ['critical database-open-to-world']],
    ['ports with a colon', { port: '3000:4000' }, ['critical rdp-open-to-world']],
    ['ports with a hyphen', { port: '6000-7000' }, ['critical database-open-to-world']],
    ['some port', { port: '8080' }, ['high port-open-to-world']],
    ['every port', { port: 'any' }, ['critical all-traffic-open-to-world']],
    ['any protocol', { protocol: 'any', port: 'any' }, ['critical all-traffic-open-to-world']],
    ['a tunnel', { protocol: 'GRE', port: null }, ['high port-open-to-world']],
    ['the web', { protocol: 'HTTPS', port: '443' }, []],
    ['ping', { protocol: 'ICMPv6', port: null }, []],
    ['a rule that drops', { action: 'drop' }, []],
  ])('%s', async (_, facts, expected) => {
    firewall([rule(facts)]);
    expect((await found()).map(({ severity, rule }) => `${severity} ${rule}`)).toEqual(expected);
  });

  it('expects SSH from everywhere narrow while no ranges are known', async () => {
    firewall([rule(from('192.0.2.0/24'))]);
    expect(await found([])).toEqual([]);
  });

  it('takes a firewall that stands before nothing less seriously', async () => {
    firewall([rule({})], { id: 7, is_synced: false });
    const { findings, checked, missing } = await review();
    expect(findings.map(({ severity, rule }) => `${severity} ${rule}`)).toEqual(['high vps-without-firewall', 'medium ssh-open-to-world']);
    // The one that the machine names was not in the list: not seen is not clean.
    expect(checked).toEqual([]);
    expect(missing).toEqual([expect.objectContaining({ provider: 'hostinger', check: 'vps-firewalls', code: 'incomplete' })]);
  });

  it('sees changes that did not get to the machine', async () => {
    firewall([], { is_synced: false });
    expect(await found()).toEqual([expect.objectContaining({ severity: 'medium', rule: 'firewall-not-synced' })]);
  });

  it('names what it could not see', async () => {
    stub.fail(/firewall/, { kind: 'status', status: 403, body: { message: 'No.' } });
    const { findings, checked, missing, error } = await review();
    expect({ findings, checked }).toEqual({ findings: [], checked: [] });
    expect(missing).toEqual([expect.objectContaining({ check: 'vps-firewalls', code: 'provider_denied' })]);
    expect(error).toMatchObject({ code: 'provider_denied' });
  });

  it('is cancelled with its call', async () => {
    const call = newCall();
    call.cancel();
    const machines = createMachines({ api: apiFor(stub), servers: [], pollMs: 5 });
    expect(await failure(machines.networkReview([], call))).toMatchObject({ code: 'cancelled' });
  });
});
