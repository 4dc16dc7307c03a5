import { z } from 'zod';
import { defineOperation, freeText } from '../../call/operation.ts';

/** Lengths are what the road takes at all; which texts, dates and amounts are right is for the ledger to say, each in its own words. */
const tag = z.string().max(128).optional();

export const costsRecord = defineOperation('costs', {
  name: 'costs_record',
  title: 'Record a cost',
  description:
    'Writes down what no API tells (an invoice, a licence); entries stay for good. To correct one, give corrects with its id, the amount it should have been and why.',
  effect: 'write',
  retry: 'token',
  iam: [],
  input: z.strictObject({
    amount: z.string().max(32).describe('12.34; negative: money back'),
    description: freeText(z.string().max(400)),
    date: z.string().max(32).optional().describe('Day paid, YYYY-MM-DD'),
    vendor: freeText(z.string().max(128)).optional(),
    currency: z.string().max(16).optional(),
    months: z.int().min(1).max(120).optional().describe('Spread over; default 1'),
    team: tag,
    application: tag,
    corrects: z.string().max(40).optional(),
  }),
  output: z.object({ id: z.string().optional(), month: z.string(), amount: z.string(), corrects: z.string().optional() }),
  entity: 'System',
  check: ({ corrects, date, vendor, currency, ...rest }) => {
    if (corrects === undefined)
      return date && vendor && currency ? undefined : 'date, vendor and currency are needed, unless corrects is given';
    const given = Object.entries({ date, vendor, currency, months: rest.months, team: rest.team, application: rest.application });
    const extra = given.filter(([, value]) => value !== undefined).map(([name]) => name);
    return extra.length > 0 ? `a correction takes only amount and description beside corrects, not ${extra.join(', ')}` : undefined;
  },
  targets: () => [{ type: 'System', id: 'costs' }],
  run: (
    { costs },
    _targets,
    { corrects, amount, description, date = '', vendor = '', currency = '', months = 1, team, application },
    call,
  ) =>
    corrects === undefined
      ? costs.record(
          {
            date,
            vendor,
            currency,
            amount,
            description,
            months,
            ...(team === undefined ? {} : { team }),
            ...(application === undefined ? {} : { application }),
          },
          call,
        )
      : costs.correct(corrects, amount, description, call),
});
