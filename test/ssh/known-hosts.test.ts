import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownKeysOf } from '../../src/providers/hostinger/ssh/known-hosts.ts';

/** The format of sshd(8). That files of OpenSSH's own tools are read is shown in host-key.full.test.ts. */

const blob = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)]);
const key = `ssh-ed25519 ${blob.toString('base64')}`;
const isKnown = (hosts: string, host = 'vps.example', port = 22) => knownKeysOf(`${hosts} ${key}`, host, port).length === 1;
const hashed = (name: string) => `|1|${Buffer.from('salt').toString('base64')}|${createHmac('sha1', 'salt').update(name).digest('base64')}`;

describe('a line of known_hosts', () => {
  it.each([
    ['vps.example', true],
    ['VPS.Example', true],
    ['other,vps.example', true],
    ['*.example', true],
    ['vps.?xample', true],
    ['*', true],
    ['*.example,!vps.example', false],
    ['!vps.example,*.example', false],
    ['!other.example,*.example', true],
    ['!vps.example', false],
    ['vps.exampl', false],
    ['ps.example', false],
    ['[vps.example]:22', false],
    [hashed('vps.example'), true],
    [hashed('other.example'), false],
    ['|1||', false],
    ['|1|x', false],
  ])('%s names the host: %s', (hosts, expected) => {
    expect(isKnown(hosts)).toBe(expected);
  });

  it('names another port than 22 in brackets, hashed too', () => {
    expect(isKnown('[vps.example]:2222', 'vps.example', 2_222)).toBe(true);
    expect(isKnown('vps.example', 'vps.example', 2_222)).toBe(false);
    expect(isKnown(hashed('[vps.example]:2222'), 'vps.example', 2_222)).toBe(true);
  });

  it('with a marker is a revocation or nothing', () => {
    expect(knownKeysOf(`@revoked vps.example ${key}`, 'vps.example', 22)).toMatchObject([{ isRevoked: true }]);
    expect(knownKeysOf(`@cert-authority * ${key}\n@else * ${key}`, 'vps.example', 22)).toEqual([]);
  });

  it('that is no line names nobody, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(knownKeysOf(`# ${key}\n${text.replaceAll('AAAA', '')}`, 'vps.example', 22)).toEqual([]);
      }),
    );
  });

  it('with many stars is read in no time', () => {
    expect(isKnown(`${'*a'.repeat(5_000)}b`, 'a'.repeat(250))).toBe(false);
  });
});
