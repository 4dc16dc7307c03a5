import type { AlertSpec } from '../../src/ports/cost-alerts.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import type { AwsAccount } from '../../src/providers/aws/accounts.ts';
import { createAwsBudgets } from '../../src/providers/aws/budgets/index.ts';
import { type ClientOptions, createClients } from '../../src/providers/aws/clients.ts';
import type { AwsContext } from '../../src/providers/aws/context.ts';
import { createIdentify } from '../../src/providers/aws/identity.ts';
import { createSender } from '../../src/providers/aws/send.ts';
import { createSessions } from '../../src/providers/aws/sessions.ts';
import { createTopics } from '../../src/providers/aws/topics/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { costsListAlerts } from '../../src/tools/costs/list-alerts.ts';
import { costsNotify } from '../../src/tools/costs/notify.ts';
import { costsSetAlert } from '../../src/tools/costs/set-alert.ts';
import { mainAccount, newCall, resolved } from './harness.ts';

/** Budgets and topics of the adapter, over the clients of a test. */
export function alertParts(options: ClientOptions, accounts: readonly AwsAccount[] = [mainAccount()]) {
  const sessions = createSessions({ policyOf: () => '', sender: () => sender, timeoutMs: 5_000 });
  const sender = createSender(createClients(options, sessions), createGuard());
  const context: AwsContext = { accounts, sender, identify: createIdentify(sender, 5_000), pollMs: 5 };
  return { budgets: createAwsBudgets(context), topics: createTopics(context) };
}

/** What the tools declare that these requests are made for. */
const declared = [costsSetAlert, costsListAlerts, costsNotify].flatMap(({ serverIam }) => serverIam);

export function alertCall(options: Parameters<typeof newCall>[0] = {}) {
  return newCall({ iam: [], serverIam: declared, ...options });
}

export function accountTarget(facts: Partial<AccountTarget> = {}) {
  return resolved<AccountTarget>({
    type: 'Account',
    id: 'main',
    provider: 'aws',
    account: 'main',
    accountId: '123456789012',
    regions: ['eu-north-1'],
    tags: {},
    ...facts,
  });
}

export const topic = 'arn:aws:sns:eu-north-1:123456789012:ziggie-costs';

/** The checklist's: 100.00 USD a month, with e-mail and SNS. */
export function alertSpec(facts: Partial<AlertSpec> = {}): AlertSpec {
  return {
    name: 'ziggie-monthly',
    cents: 10_000,
    currency: 'USD',
    thresholds: [
      { percent: 80, on: 'actual' },
      { percent: 100, on: 'actual' },
      { percent: 100, on: 'forecast' },
    ],
    emails: ['finance@example.com'],
    topics: [topic],
    ...facts,
  };
}
