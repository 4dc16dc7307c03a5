import type { ErrorRule } from '../error-table.ts';

/** Codes of SNS. Source: Amazon SNS API Reference, Errors of "Publish". */
export const topicErrors: Readonly<Record<string, ErrorRule>> = {
  NotFoundException: {
    code: 'provider_not_found',
    remedy: 'There is no such topic: correct its ARN, which costs.topics of ziggie.yaml or the alert has.',
  },
  AuthorizationErrorException: {
    code: 'provider_denied',
    remedy:
      "Let the server's own identity use sns:Publish on the topic (docs/permissions.md). A topic of another account must allow it in its policy too.",
  },
};
