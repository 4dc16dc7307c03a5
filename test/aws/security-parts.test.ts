import { execFile } from 'node:child_process';
import { BlockList } from 'node:net';
import { promisify } from 'node:util';
import { array, asyncProperty, bigInt, assert as check, constantFrom, integer, ipV4, ipV6, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCovered, isWorld, parseCidr } from '../../src/providers/aws/security/cidr.ts';
import { shellWord } from '../../src/providers/aws/security/commands.ts';
import { parseCsv } from '../../src/providers/aws/security/csv.ts';
import { compare, covers, grantsOf, lacking } from '../../src/providers/aws/security/grants.ts';

const range = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`${text} was not understood`);
  return parsed;
};

describe('a CIDR', () => {
  it.each(['', '1.2.3.4', '1.2.3.4/33', '1.2.3/24', '::/129', 'fe80::1%eth0/64', '1.2.3.4/24/24', ' 1.2.3.4/24', '1.2.3.4/-1', 'x::/1'])(
    '%j is none',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  it('holds the addresses that Node says it holds', () => {
    const v4 = tuple(ipV4(), integer({ min: 1, max: 32 }), ipV4());
    check(
      property(v4, ([net, prefix, address]) => {
        const list = new BlockList();
        list.addSubnet(net, prefix, 'ipv4');
        expect(isCovered(range(`${address}/32`), [range(`${net}/${prefix}`)])).toBe(list.check(address, 'ipv4'));
      }),
    );
    // Node takes an IPv4-mapped address for the IPv4 address that is in it; security groups do not.
    const plain = ipV6().filter((address) => !/^::ffff:|^(0+:){5}ffff:/i.test(address));
    const v6 = tuple(plain, integer({ min: 1, max: 128 }), plain);
    check(
      property(v6, ([net, prefix, address]) => {
        const list = new BlockList();
        list.addSubnet(net, prefix, 'ipv6');
        expect(isCovered(range(`${address}/128`), [range(`${net}/${prefix}`)])).toBe(list.check(address, 'ipv6'));
      }),
    );
  });

  it('is within a wider one of its own, and a wider one is not within it', () => {
    const net = constantFrom('203.0.113.77', '2001:db8:1:2:3:4:5:6');
    check(
      property(net, integer({ min: 1, max: 32 }), integer({ min: 0, max: 31 }), (address, a, b) => {
        const [narrow, wide] = [Math.max(a, b), Math.min(a, b)];
        expect(isCovered(range(`${address}/${narrow}`), [range(`${address}/${wide}`)])).toBe(true);
        expect(isCovered(range(`${address}/${wide}`), [range(`${address}/${narrow}`)])).toBe(narrow === wide);
      }),
    );
  });

  it('is covered by parts that leave no gap, in any order', () => {
    check(
      property(array(integer({ min: 0, max: 16 }), { maxLength: 8 }), (cuts) => {
        const ends = [...new Set([0, ...cuts.map((cut) => cut * 16), 256])].sort((a, b) => a - b);
        const parts = ends.slice(1).map((end, index) => ({ family: 4 as const, first: BigInt(ends[index] ?? 0), last: BigInt(end - 1) }));
        const whole = { family: 4 as const, first: 0n, last: 255n };
        expect(isCovered(whole, parts.toReversed())).toBe(true);
        for (const missing of parts)
          expect(
            isCovered(
              whole,
              parts.filter((part) => part !== missing),
            ),
          ).toBe(false);
      }),
    );
  });

  it('of one family is never within the other', () => {
    check(
      property(bigInt(0n, 2n ** 32n - 1n), (n) => {
        expect(isCovered({ family: 4, first: n, last: n }, [range('::/0')])).toBe(false);
      }),
    );
  });

  it.each([
    ['0.0.0.0/0', true],
    ['::/0', true],
    ['0.0.0.0/1', true],
    ['64.0.0.0/7', true],
    ['2000::/3', true],
    ['203.0.0.0/8', false],
    ['10.0.0.0/8', false],
    ['172.16.0.0/12', false],
    ['fc00::/7', false],
    ['2001:db8::/32', false],
  ])('%s is the world: %s', (text, expected) => expect(isWorld(range(text))).toBe(expected));
});

describe('a word of a command', () => {
  it('is one word to a shell, whatever is in it', async () => {
    await check(
      asyncProperty(array(string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 20 }), async (words) => {
        const shown = words.map((word) => word.replace(/\p{Cc}/gu, '').toWellFormed());
        const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(shown);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["it's", `'it'\\''s'`],
    ['$(reboot)', `'$(reboot)'`],
    ['a;b', `'a;b'`],
    ['', `''`],
    ['arn:aws:iam::1:role/x', 'arn:aws:iam::1:role/x'],
  ])('%j is %s', (text, expected) => expect(shellWord(text)).toBe(expected));
});

describe('CSV', () => {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  it('gives back what was written, quoted or not', () => {
    const rows = array(tuple(string(), string(), string()), { maxLength: 5 });
    check(
      property(rows, constantFrom('\n', '\r\n'), (records, end) => {
        const text = ['a,b,c', ...records.map((record) => record.map(quoted).join(','))].join(end);
        expect(parseCsv(text)).toEqual(records.map(([a, b, c]) => ({ a, b, c })));
      }),
    );
  });

  it.each(['a,b\n1', 'a,b\n1,2,3', 'a\n"x', 'a\n"x"y', 'a,b\n1,x"y'])('%j is not guessed at', (text) =>
    expect(parseCsv(text)).toBeUndefined(),
  );
  it('may end in a line end, and in an empty field', () => {
    expect(parseCsv('a,b\n1,\n')).toEqual([{ a: '1', b: '' }]);
    expect(parseCsv('a,b\n1,')).toEqual([{ a: '1', b: '' }]);
  });
});

describe('a pattern of IAM', () => {
  const pattern = array(constantFrom('a', 'b', '*', '?'), { maxLength: 8 }).map((signs) => signs.join(''));
  const word = array(constantFrom('a', 'b'), { maxLength: 8 }).map((signs) => signs.join(''));
  const asRegExp = (text: string) => new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`);

  it('matches words as IAM says', () => {
    check(
      property(pattern, word, (text, other) => {
        expect(covers(text, other)).toBe(asRegExp(text).test(other));
      }),
    );
  });

  it('covers another one only if it matches every word that this one matches', () => {
    check(
      property(pattern, pattern, word, (wide, narrow, other) => {
        if (covers(wide, narrow) && covers(narrow, other)) expect(covers(wide, other)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['ec2:*', 'ec2:describe*', true],
    ['*', '*', true],
    ['ec2:describe*', 'ec2:*', false],
    ['?', '*', false],
    ['ec2:?', 'ec2:?', true],
  ])('%s covers %s: %s', (wide, narrow, expected) => expect(covers(wide, narrow)).toBe(expected));
});

describe('a policy', () => {
  const allow = (Action: unknown, Resource: unknown = '*', more: object = {}) => ({
    Statement: [{ Effect: 'Allow', Action, Resource, ...more }],
  });
  const condition = (key: string, value: unknown, operator = 'StringEquals') => ({ Condition: { [operator]: { [key]: value } } });
  const generated = grantsOf(allow(['ec2:StopInstances'], 'arn:aws:ec2:*:*:instance/*', condition('aws:ResourceTag/Project', 'Ziggie')));
  const against = (document: object) => compare(grantsOf(document), generated);

  it('is the same in another case and with lists of one', () => {
    const same = allow(
      'EC2:stopinstances',
      ['arn:aws:ec2:*:*:instance/*'],
      condition('AWS:resourcetag/Project', ['Ziggie'], 'stringequals'),
    );
    expect(against(same)).toEqual({ extra: [], broader: [] });
  });

  it.each([
    ['on less', allow('ec2:StopInstances', 'arn:aws:ec2:eu-north-1:*:instance/*', condition('aws:ResourceTag/Project', 'Ziggie')), []],
    ['on more', allow('ec2:StopInstances', '*', condition('aws:ResourceTag/Project', 'Ziggie')), ['ec2:stopinstances on *']],
    [
      'without the condition',
      allow('ec2:StopInstances', 'arn:aws:ec2:*:*:instance/*'),
      ['ec2:stopinstances on arn:aws:ec2:*:*:instance/* without a condition'],
    ],
    [
      'under another condition',
      allow('ec2:StopInstances', 'arn:aws:ec2:*:*:instance/*', condition('aws:ResourceTag/Project', 'Other')),
      ['ec2:stopinstances on arn:aws:ec2:*:*:instance/*'],
    ],
    [
      'under an empty condition',
      allow('ec2:StopInstances', 'arn:aws:ec2:*:*:instance/*', { Condition: {} }),
      ['ec2:stopinstances on arn:aws:ec2:*:*:instance/* without a condition'],
    ],
    [
      'on all but something',
      { Statement: { Effect: 'Allow', Action: 'ec2:StopInstances', NotResource: 'x' } },
      ['ec2:stopinstances on * without a condition'],
    ],
  ])('may be %s', (_, document, broader) => expect(against(document)).toEqual({ extra: [], broader }));

  it.each([
    ['all but one action', { Statement: { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' } }, ['*']],
    ['a wildcard over the generated action', allow('ec2:Stop*'), ['ec2:stop*']],
  ])('allows more with %s', (_, document, extra) => expect(against(document).extra).toEqual(extra));

  it('does not count what it denies, nor who may take the role on', () => {
    expect(grantsOf({ Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] })).toEqual([]);
    expect(grantsOf({ Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } }] })).toEqual([]);
  });

  it('lacks nothing that a wildcard of it allows', () => {
    expect(lacking(grantsOf(allow('ec2:*')), generated)).toEqual([]);
    expect(lacking(grantsOf(allow('ec2:Describe*')), generated)).toEqual(['ec2:stopinstances']);
  });
});
