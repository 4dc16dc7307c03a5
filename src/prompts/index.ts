import type { Completion } from '../resources/index.ts';

/** A prompt is a runbook with the live facts beside it. */
export interface PromptDeclaration {
  /** Also the runbook's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly { name: string; description: string; required: boolean; completion: Completion }[];
  /** Resource addresses whose content belongs into the prompt, read over the same road. */
  facts(values: Readonly<Record<string, string>>): string[];
  opening(values: Readonly<Record<string, string>>): string;
}

export const prompts: readonly PromptDeclaration[] = [
  {
    name: 'instance-fails-to-start',
    title: 'An instance fails to start',
    description: 'Find out why an instance does not start, from its live facts, and what to do about it.',
    arguments: [
      { name: 'provider', description: 'aws or hostinger', required: true, completion: { values: ['aws', 'hostinger'] } },
      { name: 'id', description: 'Instance id', required: true, completion: { seen: 'Instance', within: 'provider' } },
    ],
    // A missing value is said by the check of the tool behind the address, with its name.
    facts: ({ provider = '-', id = '-' }) => [`cloud://instances/${encodeURIComponent(provider)}/${encodeURIComponent(id)}`],
    opening: ({ provider, id }) =>
      `Instance ${id} on ${provider} does not start. Find out why and get it running, following the runbook. Its facts as they are now, and the runbook, are attached.`,
  },
  {
    name: 'vps-unreachable',
    title: 'A VPS cannot be reached',
    description: 'Find out why a virtual server does not answer, from what its API and SSH say now, and what to do about it.',
    arguments: [
      { name: 'server', description: 'Name in ziggie.yaml', required: true, completion: { seen: 'Server', of: 'hostinger' } },
      { name: 'id', description: 'Number at Hostinger', required: false, completion: { seen: 'Instance', of: 'hostinger' } },
    ],
    facts: ({ id }) => ['cloud://health', ...(id ? [`cloud://instances/hostinger/${encodeURIComponent(id)}`] : [])],
    opening: ({ server }) =>
      `The server ${server ?? '(which one was not said: ask)'} cannot be reached. Find out why and get it back, following the runbook. What its API and SSH say now, and the runbook, are attached.`,
  },
  {
    name: 'deployment-rollback',
    title: 'Roll a deployment back',
    description: 'Decide whether a deployment has to be taken back, and take it back, from the history as it is now.',
    arguments: [{ name: 'app', description: 'Application', required: true, completion: { seen: 'Application' } }],
    facts: ({ app = '-' }) => [`cloud://deployments/${encodeURIComponent(app)}`, 'cloud://health'],
    opening: ({ app }) =>
      `The application ${app} may have to go back to an earlier version. Decide, and do it, following the runbook. The deployments so far, the health of everything, and the runbook are attached.`,
  },
  {
    name: 'cost-spike',
    title: 'Costs have risen',
    description: 'Find out what made a month dear, from its costs as they are known, and what to do about it.',
    arguments: [{ name: 'month', description: 'YYYY-MM; without it, this one', required: false, completion: { months: true } }],
    facts: ({ month = 'current' }) => [`cloud://costs/${encodeURIComponent(month)}`, 'cloud://costs/forecast'],
    opening: ({ month }) =>
      `Costs of ${month ?? 'this month'} are higher than they should be. Find out why, and what would end it, following the runbook. The month, the forecast and the runbook are attached.`,
  },
];
