import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, cleanText, findUncanonical, hashArguments } from '../../src/call/canonical.ts';
import { createLedger } from '../../src/call/ledger.ts';
import { createRedactor } from '../../src/call/redact.ts';

describe('canonical input (trap 5)', () => {
  it.each(['web/../x', '../x', 'x/..', 'a//b', 'a\\b', 'a\u0000b', 'a\u202eb', '\ud800', 'a\nb', './x', 'a/./b', '\u009b', '\ufeffx'])(
    'refuses %j',
    (text) => {
      expect(findUncanonical({ name: text })).toMatchObject({ path: 'name' });
      expect(findUncanonical({ list: [{ deep: text }] })).toMatchObject({ path: 'list.0.deep' });
    },
  );

  it.each(['web/x', 'web-1', 'a..b', 'ünïcode 名', '...', 'a/b.c/d', ''])('takes %j', (text) => {
    expect(findUncanonical({ name: text })).toBeUndefined();
  });

  it('lets free text have slashes and line breaks, but nothing hidden', () => {
    expect(findUncanonical({ tags: { Url: 'https://x/..\n' } }, ['tags.*'])).toBeUndefined();
    expect(findUncanonical({ tags: { Url: 'x\u202e' } }, ['tags.*'])).toBeDefined();
    expect(findUncanonical({ tags: { 'a\u0000': 'x' } }, ['tags.*'])).toBeDefined();
  });

  it('refuses input that is nested without end', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 40; level += 1) deep = { deep };
    expect(findUncanonical(deep)).toBeDefined();
  });

  it('property: what passes has no . or .. segment under any reading of slashes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'b.c')), fc.constantFrom('/', '\\'), (parts, slash) => {
        const text = parts.join(slash);
        if (findUncanonical(text) !== undefined) return;
        expect(text.split(/[/\\]/)).not.toContain('..');
        expect(text).not.toMatch(/\/\/|\\/);
      }),
    );
  });
});

describe('canonical JSON', () => {
  it('property: does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('hashes with the key', () => {
    expect(hashArguments(createSecretKey(Buffer.alloc(32, 1)), { a: 1 })).not.toBe(
      hashArguments(createSecretKey(Buffer.alloc(32, 2)), { a: 1 }),
    );
  });
});

describe('text from outside', () => {
  it('loses what hides and what is too much', () => {
    expect(cleanText('a\u0000\u001b[31mb\u202e\ud800c', 100)).toBe('a[31mb\ufffdc');
    expect(cleanText('x'.repeat(50), 10)).toHaveLength(10);
  });
});

describe('redaction', () => {
  const redactor = createRedactor();
  redactor.register('s3cr3t-välue+/x');

  it('property: a registered value never leaves, plain or encoded', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const secret = 's3cr3t-välue+/x';
        for (const form of [
          secret,
          Buffer.from(secret).toString('base64'),
          Buffer.from(secret).toString('hex'),
          encodeURIComponent(secret),
          JSON.stringify(secret),
        ]) {
          expect(redactor.text(`${before}${form}${after}`)).not.toContain(form.replaceAll('"', ''));
        }
      }),
    );
  });

  it('property: a value is found inside whatever was encoded with it', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });
    const secret = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 60 }).filter((value) => value.trim().length > 7);
    fc.assert(
      fc.property(text, secret, text, (before, value, after) => {
        const known = createRedactor();
        known.register(value);
        const whole = `${before}${value}${after}`;
        for (const encoded of [
          Buffer.from(whole).toString('base64'),
          Buffer.from(whole).toString('base64url'),
          Buffer.from(whole).toString('hex').toUpperCase(),
          JSON.stringify(whole),
          JSON.stringify(JSON.stringify(whole)),
          new URLSearchParams({ whole }).toString(),
          encodeURIComponent(whole),
        ]) {
          expect(known.text(encoded)).toContain('[redacted]');
        }
      }),
    );
  });

  it.each([
    ['JSON as Go writes it', "aB3\\u0026xY\\u003cq\\u003eZ/9*w!K(e)'T \u00e9"],
    ['JSON as PHP writes it', "aB3&xY<q>Z\\/9*w!K(e)'T \u00e9"],
    ['JSON in ASCII', "aB3&xY<q>Z/9*w!K(e)'T \\u00E9"],
    ['JSON in JSON', "aB3\\\\u0026xY<q>Z\\\\/9*w!K(e)'T \u00e9"],
    ['a URL, every character that may be', 'aB3%26xY%3Cq%3EZ%2F9%2Aw%21K%28e%29%27T%20%C3%A9'],
    ['a URL in lower case', 'aB3%26xY%3cq%3eZ/9*w!K(e)%27T%20%c3%a9'],
    ['a URL in a URL', 'aB3%2526xY%253Cq%253EZ%252F9*w!K(e)%2527T%2520%25C3%25A9'],
    ['a form', 'aB3%26xY%3Cq%3EZ%2F9*w%21K%28e%29%27T+%C3%A9'],
    ['HTML', 'aB3&amp;xY&lt;q&gt;Z/9*w!K(e)&#39;T \u00e9'],
    ['HTML by number', 'aB3&#38;xY&#x3C;q&#x3e;Z/9*w!K(e)&#039;T &#233;'],
    ['hexadecimal with spaces', Buffer.from("aB3&xY<q>Z/9*w!K(e)'T \u00e9").toString('hex').replace(/../g, '$& ')],
    ['hexadecimal for C', Buffer.from("aB3&xY<q>Z/9*w!K(e)'T \u00e9").toString('hex').replace(/../g, '\\x$&')],
    ['base64 in lines', Buffer.from("aB3&xY<q>Z/9*w!K(e)'T \u00e9").toString('base64').replace(/.{10}/g, '$&\n')],
    ['base64 in a URL', encodeURIComponent(Buffer.from("aB3&xY<q>Z/9*w!K(e)'T \u00e9").toString('base64'))],
  ])('finds a value in %s', (_name, form) => {
    const known = createRedactor();
    known.register("aB3&xY<q>Z/9*w!K(e)'T \u00e9");
    expect(known.text(`before ${form} behind`)).toMatch(/^before (\\x)?\[redacted\]\S{0,2} {1,2}behind$/);
  });

  it('forgets what nobody can use any more, and masks numbers that are secrets', () => {
    const known = createRedactor();
    known.register('a session that has ended', Date.now() - 1);
    known.register('4929123456781234');
    expect(known.text('a session that has ended')).toBe('a session that has ended');
    expect(known.value({ card: 4929123456781234, count: 3 })).toEqual({ card: '[redacted]', count: 3 });
  });

  it('finds a long value by its lines and whole, in good time', () => {
    const known = createRedactor();
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index} of a long value, with words`);
    known.register(lines.join('\n'));
    expect(known.text(`x ${lines[3]} y`)).toBe('x [redacted] y');
    expect(known.text(JSON.stringify(lines.join('\n')))).not.toContain('of a long value');
    expect(known.text('ordinary text '.repeat(20_000))).toHaveLength(280_000);
  });

  it('masks the longer of two secrets whole, and each line of one that has several', () => {
    const known = createRedactor();
    known.register('abcdefgh');
    known.register('abcdefgh-ijklmnop');
    known.register('first line of it\nsecond line of it, longer');
    expect(known.text('x abcdefgh-ijklmnop y')).toBe('x [redacted] y');
    expect(known.text('log: second line of it, longer')).toBe('log: [redacted]');
  });

  it.each([
    ['AKIAIOSFODNN7EXAMPLE', 'AKIA'],
    ['ASIAIOSFODNN7EXAMPLE', 'ASIA'],
    ['Authorization: Bearer abc.def-ghi', 'abc.def'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----', 'MIIabc'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz', 'b3BlbnNz'],
    ['DB_PASSWORD=hunter22', 'hunter22'],
    ['"password": "hunter22"', 'hunter22'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalr'],
    ['postgres://app:hunter22@db/x', 'hunter22'],
    [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'x'.repeat(20)}`, 'eyJzdWI'],
    [`zgt_${'a'.repeat(43)}`, 'aaaa'],
  ])('masks the secret in %j', (text, secret) => {
    expect(redactor.text(text)).not.toContain(secret);
  });

  it('takes its time in proportion to the text, whatever the text', () => {
    for (const unit of ['key-', 'a+', '-----BEGIN A', 'eyJ', 'token:', 'http://', 'password', 'IQoJ+', 'bearer ']) {
      expect(redactor.text(unit.repeat(250_000)).length).toBeGreaterThan(0);
    }
  });

  it('masks all that lies below the name of a secret', () => {
    expect(redactor.value({ passwords: ['hunter22'], credentials: { a: 'x1', on: true }, token: 123_456, secret: '' })).toEqual({
      passwords: ['[redacted]'],
      credentials: { a: '[redacted]', on: true },
      token: '[redacted]',
      secret: '',
    });
  });

  it('masks by key name at any depth, and leaves the rest alone', () => {
    expect(redactor.value({ a: [{ dbPassword: 'x', name: 'web', apiKey: 'y', clientToken: 'z' }], count: 3, on: true })).toEqual({
      a: [{ dbPassword: '[redacted]', name: 'web', apiKey: '[redacted]', clientToken: '[redacted]' }],
      count: 3,
      on: true,
    });
    expect(redactor.text('instance web-1 is running')).toBe('instance web-1 is running');
    const arn = 'arn:aws:secretsmanager:eu-north-1:123456789012:secret:ziggie/db';
    expect(redactor.text(arn)).toBe(arn);
  });
});

describe('the effect of a call', () => {
  it('is none only if nothing was sent or all that was sent was refused', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('applied' as const, 'refused' as const, 'unknown' as const, undefined)), (outcomes) => {
        const ledger = createLedger();
        for (const outcome of outcomes) {
          const settle = ledger.attempt();
          if (outcome) settle(outcome);
        }
        const expected = outcomes.includes('applied') ? 'applied' : outcomes.every((outcome) => outcome === 'refused') ? 'none' : 'unknown';
        expect(ledger.effect()).toBe(expected);
      }),
    );
  });
});
