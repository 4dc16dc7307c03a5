import type { ConfigProblem } from './problem.ts';
import type { ZiggieYaml } from './schema.ts';

type CostsYaml = ZiggieYaml['costs'];

export type MailSettings = { readonly from: string } & (
  | {
      readonly via: 'smtp';
      readonly host: string;
      readonly port: number;
      readonly security: 'tls' | 'starttls' | 'none';
      readonly user?: string;
    }
  | { readonly via: 'ses'; readonly account: string; readonly region: string }
);

export interface CostSettings {
  /** Of both clouds and the ledger together, by the month. */
  readonly budget: { readonly cents: number; readonly currency: string };
  /** Requests to Cost Explorer a day (UTC), each 0.01 USD, of all processes on the state folder. */
  readonly requestsPerDay: number;
  /** Decimal text: how much of the budget's currency one unit of another is. */
  readonly rates: Readonly<Record<string, string>>;
  /** Keys of the tags that tell whose a cost is; on AWS they must be activated as cost allocation tags. */
  readonly tags: { readonly team: string; readonly application: string; readonly instance: string };
  /** Who may be mailed by this server. */
  readonly recipients: readonly string[];
  /** SNS topics that combined alerts may go to. */
  readonly topics: readonly string[];
  readonly mail?: MailSettings;
  /** Whether the server mails the report of the month before on the first of each. */
  readonly monthlyReport: boolean;
  /** As whom the server reads costs, evaluates alerts and sends reports by itself. */
  readonly agent: string;
}

/** Costs with everything that is left out, and what of it cannot be. */
export function costSettings(
  { budget, mail, agent, monthlyReport, ...rest }: CostsYaml,
  around: {
    readonly yamlFile: string;
    readonly sandbox: boolean;
    readonly agents: readonly string[];
    readonly accounts: readonly { readonly name: string; readonly regions: readonly string[] }[];
  },
): { costs: CostSettings; problems: ConfigProblem[] } {
  const { yamlFile: file, agents, accounts, sandbox } = around;
  const problems: ConfigProblem[] = [];
  const actsAs = agent ?? agents.find((id) => id === 'agent-ziggie') ?? agents[0] ?? '';
  if (!agents.includes(actsAs))
    problems.push({ file, message: `costs.agent: "${actsAs}" is no agent`, suggestion: `there are: ${agents.join(', ')}` });
  if (budget.currency in rest.rates)
    problems.push({ file, message: `costs.rates: ${budget.currency} is the currency of the budget, and needs no rate` });
  const { ses, smtp, from } = mail ?? {};
  const account = ses?.account ?? accounts[0]?.name ?? 'main';
  if (ses && !accounts.some(({ name }) => name === account))
    problems.push({
      file,
      message: `costs.mail.ses: "${account}" is no account`,
      suggestion: `there are: ${accounts.map(({ name }) => name).join(', ')}`,
    });
  const region = ses?.region ?? accounts.find(({ name }) => name === account)?.regions[0] ?? '';
  const via = smtp ? ({ via: 'smtp', ...smtp } as const) : ({ via: 'ses', account, region } as const);
  return {
    problems,
    costs: {
      ...rest,
      budget: { cents: centsOf(budget.amount), currency: budget.currency },
      ...(sandbox ? sandboxMail(rest.recipients, account, region) : {}),
      ...(from === undefined || sandbox ? {} : { mail: { from, ...via } }),
      monthlyReport,
      agent: actsAs,
    },
  };
}

/** Nothing of a sandbox reaches a mailbox: its own SES takes everything. */
function sandboxMail(recipients: readonly string[], account: string, region: string): Pick<CostSettings, 'mail' | 'recipients'> {
  return {
    mail: { from: 'ziggie@example.com', via: 'ses', account, region },
    recipients: recipients.length > 0 ? recipients : ['finance@example.com'],
  };
}

/** Of decimal text with at most two places. */
export function centsOf(amount: string): number {
  const [whole = '0', part = ''] = amount.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}
