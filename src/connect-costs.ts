import type { Settings } from './config/load.ts';
import { closest } from './config/problem.ts';
import type { ProvidedValues } from './config/provided-values.ts';
import type { Costs } from './costs/index.ts';
import { lazily, once } from './lazily.ts';
import type { ComputePort } from './ports/compute.ts';
import type { AlertsPort } from './ports/cost-alerts.ts';
import type { ReportsPort } from './ports/cost-reports.ts';
import type { HostingerBilling } from './ports/cost-sources.ts';
import type { CostsPort } from './ports/costs.ts';
import type { Mailer } from './ports/mail.ts';
import type { StateStore } from './ports/state.ts';
import type { AwsProvider } from './providers/aws/index.ts';

export interface CostPorts {
  readonly costs: CostsPort;
  readonly alerts: AlertsPort;
  readonly reports: ReportsPort;
}

/** The bill over both clouds, and who is told of it; each part loaded with its first use. */
export function connectCosts(sources: {
  readonly settings: Settings;
  readonly aws: Pick<AwsProvider, 'costs' | 'budgets' | 'topics' | 'rawMail'>;
  readonly billing: () => Promise<HostingerBilling>;
  readonly compute: ComputePort;
  readonly store: StateStore;
  readonly provided: () => Promise<ProvidedValues>;
}): CostPorts {
  const { settings, aws, billing, compute, store, provided } = sources;
  const { costs: own, hostinger } = settings;
  const now = Date.now;
  const costs = once(async (): Promise<Costs> => {
    const { createCosts } = await import('./costs/index.ts');
    const everything = [...settings.aws.accounts.map(({ name }) => name), ...(hostinger.isSetUp ? ['hostinger'] : [])];
    return createCosts({ aws: aws.costs, hostinger: await billing(), store, settings: own, everything, nearest: closest, now });
  });
  const mailer = lazily<Mailer>(async () => {
    const { createMailer } = await import('./mail/index.ts');
    const password = async () => (await (await provided()).get('smtp-password'))?.value;
    return createMailer({ settings: own.mail, password, ses: aws.rawMail, now });
  });
  return {
    costs: lazily<CostsPort>(costs),
    alerts: lazily<AlertsPort>(async () => {
      const { createAlerts } = await import('./costs/alerts/index.ts');
      const { budgets, topics } = aws;
      const combined = async (...asked: Parameters<Costs['combined']>) => (await costs()).combined(...asked);
      return createAlerts({ budgets, topics, mailer, store, combined, settings: own, now });
    }),
    reports: lazily<ReportsPort>(async () => {
      const [{ createReports }, bill] = await Promise.all([import('./costs/report/index.ts'), costs()]);
      return createReports({
        costs: bill,
        compute,
        anomalies: bill.reader.anomalies,
        budgetCurrency: own.budget.currency,
        recipients: own.recipients,
        canMail: own.mail !== undefined,
        mailer,
        store,
        now,
      });
    }),
  };
}
