import type { HealthProbe } from './call/access.ts';
import type { Settings } from './config/load.ts';
import type { PolicyStatus } from './policy/open-policy.ts';
import type { AuditHealth } from './ports/audit.ts';
import type { CallScope } from './ports/call-scope.ts';
import type { Guard } from './ports/guard.ts';

export interface HealthSources {
  readonly settings: Settings;
  readonly audit: { health(): AuditHealth };
  readonly policy: { status(): PolicyStatus };
  readonly guard: Guard;
  identity(account: string, call: CallScope): Promise<{ accountId: string; arn: string }>;
}

/** Undelivered records older than this are a warning: somebody should look before the host is lost. */
const lateDeliveryMs = 5 * 60_000;

/** What health_check asks, one probe a part. */
export function healthProbes({ settings, audit, policy, guard, identity }: HealthSources): HealthProbe[] {
  return [
    {
      name: 'audit journal',
      async probe() {
        const { writable, problem } = audit.health();
        return writable ? { status: 'ok' } : { status: 'failed', detail: problem ?? 'The journal cannot be written; calls are refused.' };
      },
    },
    {
      name: 'audit delivery',
      async probe() {
        const { undelivered, oldestUndeliveredAt, problem, logGroup } = audit.health();
        const late = oldestUndeliveredAt !== undefined && Date.now() - Date.parse(oldestUndeliveredAt) > lateDeliveryMs;
        const waiting = undelivered > 0 ? `Waiting for ${logGroup}: ${undelivered}, the oldest since ${oldestUndeliveredAt}. ` : '';
        return problem !== undefined || late
          ? { status: 'degraded', detail: `${waiting}${problem ?? ''}`.trim() }
          : { status: 'ok', detail: `${waiting}Delivers to ${logGroup}.` };
      },
    },
    {
      name: 'policy',
      async probe() {
        const { status, hash, problems } = policy.status();
        const detail = problems[0]
          ? `${problems[0].file}:${problems[0].line ?? 1}: ${problems[0].message}`
          : `policy set ${hash.slice(0, 12)}`;
        return { status, detail };
      },
    },
    ...settings.aws.accounts.map(
      ({ name, regions }): HealthProbe => ({
        name: `aws ${name}`,
        async probe(call) {
          const { accountId, arn } = await identity(name, call);
          return { status: 'ok', detail: `${arn} in account ${accountId}, ${regions.join(', ')}` };
        },
      }),
    ),
    {
      name: 'circuits',
      async probe() {
        const open = guard.circuits().filter(({ state }) => state !== 'closed');
        if (open.length === 0) return { status: 'ok' };
        return { status: 'degraded', detail: open.map(({ service, region, state }) => `${service} in ${region} is ${state}`).join('; ') };
      },
    },
  ];
}
