import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { month } from '../fields.ts';

export const costsSendReport = defineOperation('costs', {
  name: 'costs_send_report',
  title: 'Mail the cost report',
  description:
    'Mails a month of costs of both clouds as one page, with CSV, to recipients that the configuration names. What cannot be delivered now is kept and tried again: do not repeat it.',
  effect: 'write',
  // Each call is another mail.
  retry: 'never',
  iam: ['ec2:DescribeInstances', 'cloudwatch:GetMetricData'],
  serverIam: ['ce:GetCostAndUsage', 'ce:GetCostForecast', 'ce:GetAnomalies', 'ses:SendRawEmail'],
  input: z.strictObject({
    month: month.optional().describe('Default: the last one that is over'),
    to: z.array(z.string().min(1).max(254)).min(1).max(50).optional().describe('Default: all recipients'),
    resume: z.string().min(1).max(80).optional().describe('Id of a report that waits'),
  }),
  output: z.object({ month: z.string(), to: z.array(z.string()), status: z.string() }),
  entity: 'Account',
  decide: 'every',
  check: ({ month: named, to, resume }) =>
    resume !== undefined && (named ?? to) !== undefined ? 'resume has its own month and recipients: give it alone.' : undefined,
  targets: () => [{ type: 'Account' }],
  run: ({ reports }, accounts, { month: named, to, resume }, call) =>
    reports.send(
      accounts,
      { ...(named === undefined ? {} : { month: named }), ...(to ? { to } : {}), ...(resume === undefined ? {} : { resume }) },
      call,
    ),
});
