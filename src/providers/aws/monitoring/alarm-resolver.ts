/** Invariant: what policy decides on is the alarm as CloudWatch has it now, with its tags; only the account's number may be remembered. */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AlarmTarget, TargetRef } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import { checkAccountId, matchAccounts, type Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { findEverywhere } from '../find.ts';
import { findAlarm, noSuchAlarm } from './alarms-read.ts';

/** The alarm wherever it is. One that is about to be made needs one place that is meant. */
export async function resolveAlarm(context: AwsContext, ref: TargetRef<'Alarm'>, call: CallScope): Promise<Found<AlarmTarget>> {
  const { accounts } = context;
  const look = (scope: Scope) => targetAt(context, scope, ref.name, call);
  if (!ref.mayBeAbsent) return findEverywhere(accounts, ref, look, (where) => noSuchAlarm(ref.name, where, 'target_unresolved'));
  const [first, ...others] = matchAccounts(accounts, ref).flatMap((account) =>
    (ref.region === undefined ? account.regions : [ref.region]).map((region): Scope => ({ account, region })),
  );
  if (first && others.length === 0) return { targets: [(await look(first)) ?? (await absentAt(context, first, ref.name, call))] };
  return findEverywhere(accounts, ref, look, (where) => whichPlace(ref.name, where));
}

async function targetAt({ sender }: AwsContext, scope: Scope, name: string, call: CallScope): Promise<AlarmTarget | undefined> {
  const alarm = await findAlarm(sender, scope, name, call);
  if (!alarm) return undefined;
  const ResourceARN = answered(alarm.AlarmArn, 'DescribeAlarms');
  const { Tags } = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.ListTagsForResourceCommand({ ResourceARN }));
  const accountId = ResourceARN.split(':')[4] ?? '';
  checkAccountId(scope.account, accountId);
  const tags = Object.fromEntries((Tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
  return target(scope, name, accountId, true, tags);
}

async function absentAt({ identify }: AwsContext, scope: Scope, name: string, call: CallScope): Promise<AlarmTarget> {
  return target(scope, name, (await identify(scope.account, call)).accountId, false, {});
}

function target({ account, region }: Scope, name: string, accountId: string, exists: boolean, tags: Record<string, string>): AlarmTarget {
  return { type: 'Alarm', id: name, provider: 'aws', account: account.name, accountId, region, name, exists, tags };
}

function whichPlace(name: string, where: string): CallError {
  return new CallError('target_unresolved', `There is no alarm ${name} yet, and it could be made in several places: ${where}.`, {
    remedy: 'Name the region, and the account if there are several, and call again.',
  });
}
