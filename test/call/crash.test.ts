import { afterEach, describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/call/redact.ts';
import { crashText, redactCrashesWith } from '../../src/crash.ts';

afterEach(() => redactCrashesWith(createRedactor()));

describe('what a process says when it falls over', () => {
  it('shows no secret that it knows, and none that looks like one', () => {
    const redactor = createRedactor();
    redactor.register('correct horse battery');
    redactCrashesWith(redactor);
    const text = crashText(new Error('could not send "correct horse battery" with AKIAIOSFODNN7EXAMPLE'));
    expect(text).toMatch(/^Error: could not send "\[redacted\]" with \[redacted\]\n\s+at /);
    expect(crashText('token=hunter22')).not.toContain('hunter22');
  });
});
