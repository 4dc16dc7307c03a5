import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, missing } from '../fields.ts';

/** Budgets: ":" and "\" are not allowed, nor "/action/" (AWS Cost Management API Reference, "Budget"). */
const name = z
  .string()
  .regex(
    /^(?!\s)(?!.*\s$)(?!.*\/action\/)(?!.*<script>)[^:\\]{1,100}$/i,
    'expected 1 to 100 characters without : and \\, and no space at either end',
  )
  .default('ziggie-monthly');

/** AWS takes two places and more; what nobody needs is refused by this server, which compares exactly. */
const percent = z
  .number()
  .refine((value) => value > 0 && value <= 1_000, 'expected more than 0 and at most 1000')
  .refine((value) => Number(value.toFixed(2)) === value, 'expected at most two decimal places');

/** Limits that no caller comes near are said in a refusal alone: each costs tokens. */
const few = <T extends z.ZodType>(item: T, least: 0 | 1, most: number) =>
  z.array(item).refine(({ length }) => length >= least && length <= most, `expected ${least} to ${most}, or leave it out`);

const input = z.strictObject({
  scope: z.enum(['aws', 'both']).default('aws'),
  name,
  amount: z
    .string({ error: ({ input }) => (typeof input === 'number' ? 'expected text: put the amount in quotes, "100.00"' : undefined) })
    .regex(/^(?!0+(\.0*)?$)\d{1,9}(\.\d{1,2})?$/, 'expected more than 0, with at most two decimal places, like 100.00')
    .optional(),
  currency: z
    .string()
    .refine((code) => Intl.supportedValuesOf('currency').includes(code), 'expected an ISO 4217 code like USD')
    .optional(),
  /** CreateBudget: a budget can have up to five. */
  thresholds: few(z.strictObject({ percent, on: z.enum(['actual', 'forecast']) }), 1, 5).optional(),
  emails: few(z.email('expected one address like finance@example.com').max(254), 0, 10).optional(),
  topics: few(z.string().regex(/^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, 'expected the ARN of an SNS topic'), 0, 10)
    .optional()
    .describe('SNS ARNs'),
  account: account.optional(),
  remove: z.literal(true).optional().describe('Scope both'),
});
type Input = z.output<typeof input>;

export const costsSetAlert = defineOperation('costs', {
  name: 'costs_set_alert',
  title: 'Set a budget alert',
  description:
    'Creates or updates a monthly budget by name. What is left out stays; a new one has 100.00 USD, 80 and 100 % actual, 100 % forecast, and configured recipients. aws: in AWS, which watches it. both: AWS, Hostinger and recorded costs, watched by this server, which tells configured recipients only. Free.',
  effect: 'write',
  retry: 'natural',
  iam: [],
  serverIam: ['budgets:ViewBudget', 'budgets:ModifyBudget'],
  input,
  output: z.object({
    outcome: z.enum(['created', 'updated', 'unchanged', 'removed']),
    to: z.array(untrusted(z.string(), 300)).optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'every',
  check: (input) => misplacedAccount(input) ?? misplacedRemoval(input) ?? twice(input),
  targets: ({ scope, account }) => (scope === 'aws' ? [{ type: 'Account', provider: 'aws', account }] : [{ type: 'Account' }]),
  run: ({ alerts }, accounts, input, call) => {
    const { scope, amount, remove, account: _, ...change } = input;
    if (remove) return alerts.remove(change.name, call);
    return alerts.set(accounts, scope, { ...change, ...(amount === undefined ? {} : { cents: centsOf(amount) }) }, call);
  },
});

function misplacedAccount({ scope, account }: Input): string | undefined {
  return scope === 'both' && account !== undefined ? 'account: an alert with scope both counts all accounts; leave it out' : undefined;
}

function misplacedRemoval({ remove, scope, name: _, ...others }: Input): string | undefined {
  if (!remove) return undefined;
  if (scope === 'aws') return 'remove: a budget of AWS is removed in its console, under Billing; here only an alert with scope both is';
  const [other] = Object.keys(others);
  return other === undefined ? undefined : `remove: give scope and name alone, without ${other}`;
}

function twice({ thresholds = [], emails = [], topics = [] }: Input): string | undefined {
  const all = {
    thresholds: thresholds.map(({ percent, on }) => `${percent}% ${on}`),
    emails: emails.map((email) => email.toLowerCase()),
    topics,
  };
  for (const [key, texts] of Object.entries(all)) {
    const again = texts.find((text, index) => texts.indexOf(text) < index);
    if (again !== undefined) return `${key}: give ${again} once`;
  }
  return undefined;
}

/** Integer cents of an amount that fits the schema. */
function centsOf(amount: string): number {
  const [whole = '0', part = ''] = amount.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}
