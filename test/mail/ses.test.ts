import { expect, it } from 'vitest';
import { createMailer } from '../../src/mail/index.ts';
import type { RawMail } from '../../src/ports/mail.ts';
import { exampleKeys, failure, mainAccount, newCall, sandboxAws } from '../aws/harness.ts';
import { headerOf } from './mailbox.ts';

const at = Date.parse('2026-11-01T00:00:05Z');
const mail = { to: ['finance@example.com', 'cfo@example.com'], subject: 'Costs', text: 'Words', html: '<p>Words</p>', id: 'report-1' };

function mailerOver(ses: RawMail, region = 'eu-north-1') {
  const settings = { from: 'ziggie@example.com', via: 'ses', account: 'main', region } as const;
  return createMailer({ settings, password: async () => undefined, ses, now: () => at });
}

it('is given the whole mail, and to whom', async () => {
  const given: { from: object; to: readonly string[]; mime: string }[] = [];
  const ses: RawMail = {
    async send(from, to, mime) {
      given.push({ from, to, mime: Buffer.from(mime).toString() });
    },
  };
  await mailerOver(ses).send(mail, newCall());
  expect(given).toHaveLength(1);
  expect(given[0]).toMatchObject({ from: { account: 'main', region: 'eu-north-1', address: 'ziggie@example.com' }, to: mail.to });
  expect(headerOf(given[0]?.mime ?? '', 'Message-ID')).toBe('<report-1@example.com>');
});

it('in the sandbox takes a mail, under the server’s own identity, and counts it', async () => {
  const call = newCall({ iam: [], serverIam: ['ses:SendRawEmail'], actor: 'agent-marcus' });
  const account = mainAccount({ role: 'arn:aws:iam::123456789012:role/ziggie-agents', credentials: exampleKeys });
  const sessionPolicy = () => {
    throw new Error('a session of the agent');
  };
  await mailerOver(sandboxAws({}, { accounts: [account], sessionPolicy }).rawMail).send(mail, call);
  expect(call.attempts).toEqual(['applied']);
  expect(call.requestIds).toHaveLength(1);
});

it('is asked for nothing that the tool did not declare', async () => {
  const call = newCall({ iam: [], serverIam: ['ses:SendEmail'] });
  expect((await failure(mailerOver(sandboxAws().rawMail).send(mail, call))).code).toBe('internal');
  expect(call.attempts).toEqual([]);
});

it('that does not know the sender says what to verify', async () => {
  const call = newCall({ iam: [], serverIam: ['ses:SendRawEmail'] });
  const error = await failure(mailerOver(sandboxAws().rawMail, 'us-east-1').send(mail, call));
  expect(error.code).toBe('provider_rejected');
  expect(error.details.remedy).toMatch(/Verify costs\.mail\.from.*us-east-1/);
  expect(error.details.retryable).toBeUndefined();
  expect(call.attempts).toEqual(['refused']);
});
