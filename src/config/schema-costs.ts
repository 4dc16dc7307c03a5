import { z } from 'zod';
import { currency, isCurrency, mailbox, money, name, regionName } from './schema-words.ts';

/** `costs` of ziggie.yaml. */
export const costs = z
  .strictObject({
    budget: z
      .strictObject({
        amount: money.refine((amount) => Number(amount) > 0, 'expected more than nothing').default('100.00'),
        currency: currency.default('USD'),
      })
      .prefault({}),
    requestsPerDay: z.int().min(1).max(10_000).default(50),
    /** Units of the budget's currency for one of another: { EUR: '1.08' } */
    rates: z
      .record(
        z.string(),
        z.string('expected a rate in quotes like "1.08"').regex(/^(?!0+(\.0+)?$)\d{1,6}(\.\d{1,8})?$/, 'expected a rate like "1.08"'),
      )
      .refine((rates) => Object.keys(rates).every(isCurrency), 'expected ISO 4217 codes like EUR as keys')
      .default({}),
    tags: z
      .strictObject({
        team: z.string().min(1).max(128).default('Team'),
        application: z.string().min(1).max(128).default('Application'),
        instance: z.string().min(1).max(128).default('Name'),
      })
      .refine((keys) => new Set(Object.values(keys)).size === Object.keys(keys).length, 'expected a tag of its own for each')
      .prefault({}),
    recipients: z.array(mailbox).max(50).default([]),
    topics: z
      .array(z.string().regex(/^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'expected the ARN of an SNS topic'))
      .max(10)
      .default([]),
    /** SMTP's password is ZIGGIE_SMTP_PASSWORD, or the member `password` of the secret ziggie/smtp. */
    mail: z
      .strictObject({
        from: mailbox,
        smtp: z
          .strictObject({
            host: z.string().min(1).max(253),
            port: z.int().min(1).max(65_535).default(587),
            /** `none` only to loopback. */
            security: z.enum(['tls', 'starttls', 'none']).default('starttls'),
            user: z.string().min(1).max(256).optional(),
          })
          .optional(),
        ses: z.strictObject({ account: name.optional(), region: regionName.optional() }).optional(),
      })
      .refine(({ smtp, ses }) => (smtp === undefined) !== (ses === undefined), 'expected either smtp or ses')
      .refine(
        ({ smtp }) => smtp?.security !== 'none' || /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(smtp.host),
        'expected tls or starttls: without them only loopback is mailed to',
      )
      .optional(),
    /** Needs mail and recipients. */
    monthlyReport: z.boolean().default(true),
    /** Absent: agent-ziggie, else the first. */
    agent: name.optional(),
  })
  .prefault({});
