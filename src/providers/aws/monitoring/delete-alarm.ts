import type { CallScope } from '../../../ports/call-scope.ts';
import type { AlarmTarget, Resolved } from '../../../ports/domain.ts';
import type { AlarmChange } from '../../../ports/monitoring.ts';
import { scopeKey, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { ruleOf } from './alarm-facts.ts';
import { findAlarm, noSuchAlarm } from './alarms-read.ts';

/** Deletes the alarm, and says what it watched, so that it can be made again. Throws `CallError`. */
export async function deleteAlarm({ accounts, sender }: AwsContext, target: Resolved<AlarmTarget>, call: CallScope): Promise<AlarmChange> {
  const scope = scopeOf(accounts, target);
  const alarm = await findAlarm(sender, scope, target.name, call);
  if (!alarm) throw noSuchAlarm(target.name, scopeKey(scope), 'provider_not_found');
  const rule = ruleOf(alarm);
  if (call.dryRun) return { rule, plan: { current: { rule }, change: { rule: 'deleted' }, providerChecked: false } };
  await sender.change('cloudwatch', scope, 'natural', call, (sdk) => new sdk.DeleteAlarmsCommand({ AlarmNames: [target.name] }));
  return { rule };
}
