import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createMailer } from '../../src/mail/index.ts';
import { failure, newAws, newCall } from '../aws/harness.ts';
import { type Moto, startMoto } from '../aws/moto.ts';

/** SES over the wire, by moto. */

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
beforeEach(() => moto.reset());
afterAll(() => moto?.close());

const mail = {
  to: ['finance@example.com'],
  subject: 'Costs – October',
  text: 'Grüße',
  html: '<p>Grüße</p>',
  attachments: [{ name: 'costs.csv', type: 'text/csv', content: 'a,b\r\n' }],
  id: 'report-1',
};

function mailer() {
  const settings = { from: 'ziggie@example.com', via: 'ses', account: 'main', region: 'eu-north-1' } as const;
  return createMailer({ settings, password: async () => undefined, ses: newAws({ endpoint: moto.endpoint }).rawMail, now: Date.now });
}

it('takes the mail once its sender is verified', async () => {
  const before = newCall({ iam: ['ses:SendRawEmail'] });
  const refused = await failure(mailer().send(mail, before));
  expect(refused.code).toBe('provider_rejected');
  expect(refused.details.remedy).toContain('Verify costs.mail.from');
  expect(before.attempts).toEqual(['refused']);

  const { status } = await fetch(`${moto.endpoint}/v2/email/identities`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: 'AWS4-HMAC-SHA256 Credential=test/20261101/eu-north-1/ses/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify({ EmailIdentity: 'ziggie@example.com' }),
  });
  expect(status).toBe(200);
  const call = newCall({ iam: ['ses:SendRawEmail'] });
  await mailer().send(mail, call);
  expect(call.attempts).toEqual(['applied']);
  const answer = await fetch(`${moto.endpoint}/moto-api/data.json`);
  const { ses } = (await answer.json()) as { ses: { RawMessage?: { source: string; destinations: string[]; raw_data: string }[] } };
  expect(ses.RawMessage).toHaveLength(1);
});
