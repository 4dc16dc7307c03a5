/** Resources are the read tools under another name: an address that maps onto a tool's input. */

/** Where a template variable's values come from: a fixed list, or what the agent was shown before. */
export type Completion =
  | { readonly values: readonly string[] }
  /** Of the provider that another variable names, of a fixed one, or of any. */
  | { readonly seen: string; readonly within?: string; readonly of?: 'aws' | 'hostinger' }
  | { readonly runbooks: true }
  /** Months of which costs are kept, newest first. */
  | { readonly months: true };

export interface ResourceDeclaration {
  /** Address, with `{variables}` in a template. */
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly tool: string;
  /** Arguments beside the address's own variables. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly completions?: Readonly<Record<string, Completion>>;
  /** The one text field of the output that is the resource; absent: the output as JSON. */
  readonly text?: string;
}

const json = 'application/json';

export const resources: readonly ResourceDeclaration[] = [
  {
    uri: 'cloud://instances',
    name: 'instances',
    title: 'Instances',
    description: 'All instances of all configured clouds, first 100.',
    mimeType: json,
    tool: 'instances_list',
    input: { limit: 100 },
  },
  {
    uri: 'cloud://instances/{provider}/{id}',
    name: 'instance',
    title: 'Instance',
    description: 'One instance in detail.',
    mimeType: json,
    tool: 'instances_get',
    completions: { provider: { values: ['aws', 'hostinger'] }, id: { seen: 'Instance', within: 'provider' } },
  },
  {
    uri: 'cloud://deployments',
    name: 'deployments',
    title: 'Deployments',
    description: 'The last 25 deployments and rollbacks of all applications, newest first.',
    mimeType: json,
    tool: 'deploy_list',
  },
  {
    uri: 'cloud://deployments/{app}',
    name: 'deployments-of-an-application',
    title: 'Deployments of an application',
    description: 'Its last 25 deployments and rollbacks, newest first.',
    mimeType: json,
    tool: 'deploy_list',
    completions: { app: { seen: 'Application' } },
  },
  {
    uri: 'cloud://costs/current',
    name: 'costs-current',
    title: 'Costs this month',
    description: 'Both clouds this month so far. Read as often as you like: AWS is asked every 8 hours.',
    mimeType: json,
    tool: 'costs_current',
  },
  {
    uri: 'cloud://costs/forecast',
    name: 'costs-forecast',
    title: 'Forecast',
    description: 'What this month is expected to cost, against the budget, and renewals that are due.',
    mimeType: json,
    tool: 'costs_forecast',
  },
  {
    uri: 'cloud://costs/{month}',
    name: 'costs-month',
    title: 'Costs of a month',
    description: 'One month of both clouds, and what changed most.',
    mimeType: json,
    tool: 'costs_month',
    completions: { month: { months: true } },
  },
  {
    uri: 'cloud://permissions',
    name: 'permissions',
    title: 'Permissions',
    description: 'Who you are and which tools you may use.',
    mimeType: json,
    tool: 'access_whoami',
  },
  {
    uri: 'cloud://audit/recent',
    name: 'audit-recent',
    title: 'Recent calls',
    description: 'Your last 25 recorded calls.',
    mimeType: json,
    tool: 'audit_search',
  },
  {
    uri: 'cloud://health',
    name: 'health',
    title: 'Health',
    description: 'Whether the server and its parts work.',
    mimeType: json,
    tool: 'health_check',
  },
  {
    uri: 'cloud://runbooks/{name}',
    name: 'runbook',
    title: 'Runbook',
    description: 'What to do when something is wrong.',
    mimeType: 'text/markdown',
    tool: 'runbooks_get',
    completions: { name: { runbooks: true } },
    text: 'markdown',
  },
];

export function isTemplate({ uri }: ResourceDeclaration): boolean {
  return uri.includes('{');
}

/** The declaration that an address belongs to, and the tool input it stands for. */
export function matchResource(address: string): { resource: ResourceDeclaration; input: Record<string, unknown> } | undefined {
  for (const resource of resources) {
    const variables = match(resource.uri, address);
    if (variables) return { resource, input: { ...resource.input, ...variables } };
  }
  return undefined;
}

/** Variables of a template (RFC 6570 level 1: one path segment each), percent-decoded; undefined where it does not fit. */
function match(template: string, address: string): Record<string, string> | undefined {
  const names: string[] = [];
  const pattern = template
    .split(/(\{\w+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return RegExp.escape(part);
      names.push(part.slice(1, -1));
      return '([^/]+)';
    })
    .join('');
  const found = new RegExp(`^${pattern}$`).exec(address);
  if (!found) return undefined;
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]));
  } catch {
    return undefined;
  }
}

/** Addresses whose content a change of these targets touches. */
export function touchedBy(targets: readonly { type: string; id: string; provider?: string }[]): string[] {
  const addresses = new Set<string>(['cloud://audit/recent']);
  for (const { type, id, provider } of targets) {
    if (type === 'Instance' || type === 'Account') addresses.add('cloud://instances');
    if (type === 'System' && id === 'costs') addresses.add('cloud://costs/current').add('cloud://costs/forecast');
    if (type === 'Application') addresses.add('cloud://deployments').add(`cloud://deployments/${id}`);
    if (type === 'Instance') addresses.add(`cloud://instances/${provider}/${id}`);
  }
  return [...addresses];
}
