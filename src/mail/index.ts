import { CallError } from '../call/errors.ts';
import type { Mailer, RawMail } from '../ports/mail.ts';
import type { SmtpSettings } from './smtp.ts';

/** Who mail is from, and how it leaves: `costs.mail` of the configuration. */
export type MailSettings = { readonly from: string } & (
  | ({ readonly via: 'smtp' } & SmtpSettings)
  | { readonly via: 'ses'; readonly account: string; readonly region: string }
);

export interface MailerOptions {
  /** Absent: every attempt to send says that mail is not configured. */
  readonly settings: MailSettings | undefined;
  /** Of the SMTP user; asked for with each mail. */
  readonly password: () => Promise<string | undefined>;
  readonly ses: RawMail;
  readonly now: () => number;
}

/** Mail as it is configured. Nothing is loaded before the first one. */
export function createMailer({ settings, password, ses, now }: MailerOptions): Mailer {
  return {
    async send(mail, call, tellRefused) {
      if (!settings) throw notConfigured();
      const { compose } = await import('./compose.ts');
      const mime = await compose(mail, settings.from, now());
      if (settings.via === 'ses') {
        const { account, region, from: address } = settings;
        return ses.send({ account, region, address }, mail.to, mime, call);
      }
      const [{ sendBySmtp }, { partlyRefused }] = await Promise.all([import('./smtp.ts'), import('./errors.ts')]);
      const refused = await sendBySmtp(settings, password, { from: settings.from, to: mail.to }, mime, call);
      if (refused.length > 0 && !tellRefused) throw partlyRefused(refused, `${settings.host}:${settings.port}`);
      for (const recipient of refused) tellRefused?.(recipient);
    },
  };
}

function notConfigured(): CallError {
  return new CallError('provider_not_configured', 'This server has no way to send mail.', {
    remedy: 'Set costs.mail in ziggie.yaml (from, and either smtp or ses), and restart.',
    effect: 'none',
  });
}
