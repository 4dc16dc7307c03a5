import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { PolicyDocument } from '../../src/iam/statements.ts';

/** IAM's own logic, by somebody else: the emulators of AWS ignore conditions and session policies. */

const account = '123456789012';

export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
  /** Of the resource itself: KMS asks the key's first. */
  readonly resourcePolicy?: PolicyDocument;
}

/** Whether a role with these policies, in a session with that policy, may do it. */
export async function isAllowed(
  policies: Readonly<Record<string, PolicyDocument>>,
  question: Question,
  sessionPolicy?: PolicyDocument,
): Promise<boolean> {
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/ziggie-agent/agent-ziggie`,
        action: question.action,
        resource: { resource: question.resource, accountId: account },
        contextVariables: { ...question.context },
      },
      identityPolicies: Object.entries(policies).map(([name, policy]) => ({ name, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(sessionPolicy ? { sessionPolicy } : {}),
      ...(question.resourcePolicy ? { resourcePolicy: question.resourcePolicy } : {}),
    },
    {},
  );
  if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors));
  return answer.overallResult === 'Allowed';
}
