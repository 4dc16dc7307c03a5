import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { month } from '../fields.ts';

/** A page of tables and two charts; its names are cut to a line each. */
const page = untrusted(z.string(), 400_000);

export const costsReport = defineOperation('costs', {
  name: 'costs_report',
  title: 'Write the cost report',
  description: 'The report of a month of costs as it would be mailed: text, HTML and CSV. For people; agents read costs_month.',
  effect: 'read',
  retry: 'safe',
  listed: false,
  iam: ['ec2:DescribeInstances', 'cloudwatch:GetMetricData'],
  serverIam: ['ce:GetCostAndUsage', 'ce:GetCostForecast', 'ce:GetAnomalies'],
  input: z.strictObject({ month: month.optional() }),
  output: z.object({ month: z.string(), subject: z.string(), text: page, html: page, csv: page }),
  entity: 'Account',
  decide: 'every',
  targets: () => [{ type: 'Account' }],
  run: ({ reports }, accounts, { month: named }, call) => reports.write(accounts, named, call),
});
