import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBinaryType, textOf } from '../../src/providers/aws/storage/text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => !text.includes('\0'));

describe('textOf', () => {
  it('gives back any text, in windows of any size from four bytes on, without losing or repeating a byte', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 4, max: 50 }), (text, window) => {
        const bytes = Buffer.from(text);
        let read = '';
        let from = 0;
        while (from < bytes.length) {
          const to = Math.min(from + window, bytes.length);
          const part = textOf(bytes.subarray(from, to), { before: from > 0, behind: to < bytes.length });
          if (!part) throw new Error('taken for binary');
          expect(part.start).toBe(0);
          expect(part.end).toBeGreaterThan(0);
          read += part.text;
          from += part.end;
        }
        expect(read).toBe(text);
      }),
    );
  });

  it('starts behind a character that was cut in front', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, at) => {
        const bytes = Buffer.from(text);
        const from = bytes.length === 0 ? 0 : at % bytes.length;
        const part = textOf(bytes.subarray(from), { before: from > 0, behind: false });
        expect(part && bytes.subarray(from + part.start).toString()).toBe(part?.text);
        expect(text.endsWith(part?.text ?? 'taken for binary')).toBe(true);
      }),
    );
  });

  it('takes nothing for text that is none', () => {
    const whole = { before: false, behind: false };
    for (const bytes of [[0x61, 0, 0x62], [0xff, 0xfe], [0xc3, 0x28], [0x61, 0xe2, 0x98], [0x80], [0xed, 0xa0, 0x80]]) {
      expect(textOf(Uint8Array.from(bytes), whole)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const part = textOf(bytes, whole);
        if (part) expect(Buffer.from(part.text).equals(bytes)).toBe(true);
      }),
    );
  });
});

describe('isBinaryType', () => {
  it.each(['image/png', 'application/zip', 'application/pdf', 'video/mp4', 'font/woff2', 'APPLICATION/GZIP'])(
    '%s is for no reader',
    (type) => {
      expect(isBinaryType(type, undefined)).toBe(true);
    },
  );

  it.each(['text/plain', 'application/json', 'image/svg+xml', 'application/octet-stream', '', undefined])('%s may be text', (type) => {
    expect(isBinaryType(type, undefined)).toBe(false);
  });

  it('takes encoded text for binary, but not what a client left behind', () => {
    expect(isBinaryType('text/plain', 'gzip')).toBe(true);
    expect(isBinaryType('text/plain', 'aws-chunked, br')).toBe(true);
    expect(isBinaryType('text/plain', 'aws-chunked')).toBe(false);
    expect(isBinaryType('text/plain', 'aws-chunked,')).toBe(false);
  });
});
