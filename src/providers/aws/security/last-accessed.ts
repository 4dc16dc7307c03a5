import type { ServiceLastAccessed } from '@aws-sdk/client-iam';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { awsCommand, enumerate } from './commands.ts';
import { poll } from './poll.ts';
import { agentPrincipal, arnOf } from './principal.ts';
import { readAll } from './read-all.ts';
import type { Report } from './review.ts';

/** A permission that nobody used for so long is hardly needed. */
const idleDays = 90;
const mostPages = 5;

/** Services that the agents may use and do not. IAM remembers up to 400 days. */
export async function reviewUnusedPermissions(context: AwsContext, scope: Scope, report: Report, call: CallScope): Promise<void> {
  const principal = await agentPrincipal(context, scope.account, call);
  // Root has no permissions to take away; the review of its policies says so.
  if (principal === 'root') return;
  const services = await readServices(context, scope, await arnOf(context, scope, principal, call), call);
  if (!services.complete) report.tooMuch('services');
  const since = Date.now() - idleDays * 86_400_000;
  const idle = services.items.filter(({ LastAuthenticated }) => LastAuthenticated === undefined || LastAuthenticated.getTime() < since);
  if (idle.length === 0) return;
  const list = principal.kind === 'role' ? ['list-attached-role-policies', '--role-name'] : ['list-attached-user-policies', '--user-name'];
  report.find({
    severity: 'low',
    rule: 'unused-permissions',
    resource: `${principal.kind}/${principal.name}`,
    evidence: `allowed and not used for ${idleDays} days: ${enumerate(idle.map(describe), 20)}`,
    fix: `take the services out of its policies: ${awsCommand(scope, 'iam', ...list, principal.name)}`,
  });
}

async function readServices({ sender, pollMs }: AwsContext, scope: Scope, Arn: string, call: CallScope) {
  const job = await sender.ask('iam', scope, call, (sdk) => new sdk.GenerateServiceLastAccessedDetailsCommand({ Arn }));
  const JobId = answered(job.JobId, 'GenerateServiceLastAccessedDetails');
  const page = async (Marker: string | undefined) => {
    const reply = await sender.ask('iam', scope, call, (sdk) => new sdk.GetServiceLastAccessedDetailsCommand({ JobId, Marker }));
    const status = answered(reply.JobStatus, 'GetServiceLastAccessedDetails');
    if (status === 'IN_PROGRESS') return undefined;
    if (status === 'FAILED') {
      throw new CallError('provider_rejected', 'IAM could not tell which permissions were used.', {
        remedy: 'Review again later.',
        retryable: true,
        provider: { code: reply.Error?.Code ?? 'JobFailed' },
      });
    }
    return { items: reply.ServicesLastAccessed ?? [], next: reply.IsTruncated ? reply.Marker : undefined };
  };
  return readAll<ServiceLastAccessed>(mostPages, (marker) => poll(() => page(marker), 'the list of used permissions', pollMs, call));
}

function describe({ ServiceNamespace = '', LastAuthenticated }: ServiceLastAccessed): string {
  return LastAuthenticated ? `${ServiceNamespace} (since ${LastAuthenticated.toISOString().slice(0, 10)})` : ServiceNamespace;
}
