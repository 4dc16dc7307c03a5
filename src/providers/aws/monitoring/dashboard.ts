import { canonicalJson } from '../../../call/canonical.ts';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget, Resolved } from '../../../ports/domain.ts';
import type { DashboardChange } from '../../../ports/monitoring.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered, clean } from '../errors.ts';
import { scopesOf } from '../pages.ts';
import type { Sender } from '../send.ts';
import { dashboardBody, isGenerated, mostInstances } from './dashboard-body.ts';
import { readFleet } from './fleet.ts';

/**
 * Writes the dashboard of the instances tagged Project=Ziggie in all regions of the account. Dashboards belong to the account, so
 * it is asked for in the first of its regions. A region that does not answer fails the call: its instances would vanish from sight.
 * Throws `CallError`: `provider_conflict` when a person made a dashboard of that name.
 */
export async function putDashboard(
  { accounts, sender }: AwsContext,
  target: Resolved<AccountTarget>,
  { name, ifExists = false }: { name: string; ifExists?: boolean },
  call: CallScope,
): Promise<DashboardChange> {
  const home = scopeOf(accounts, { account: target.account, region: target.regions[0] ?? '' });
  const existing = await readDashboard(sender, home, name, call);
  if (existing === undefined && ifExists) return { changed: false, instances: 0, widgets: 0 };
  const { instances, fleetAlarms } = await readFleet(sender, scopesOf(accounts, [target]), call);
  const shown = instances.slice(0, mostInstances);
  const omitted = instances.length - shown.length;
  const body = dashboardBody(shown, fleetAlarms, omitted);
  if (existing !== undefined && !isGenerated(existing)) throw madeByHand(name);
  const changed = existing === undefined || canonicalJson(existing) !== canonicalJson(body);
  const result: DashboardChange = {
    changed,
    instances: shown.length,
    widgets: body.widgets.length,
    ...(omitted > 0 ? { omitted } : {}),
  };
  if (call.dryRun) {
    const current: Record<string, string> =
      existing === undefined ? {} : { widgets: String((existing as { widgets: unknown[] }).widgets.length) };
    const change: Record<string, string> = changed ? { widgets: String(result.widgets), instances: String(result.instances) } : {};
    return { ...result, plan: { current, change, providerChecked: false } };
  }
  if (!changed) return result;
  const input = { DashboardName: name, DashboardBody: JSON.stringify(body) };
  const reply = await sender.change('cloudwatch', home, 'natural', call, (sdk) => new sdk.PutDashboardCommand(input));
  const messages = (reply.DashboardValidationMessages ?? []).map(({ DataPath = '', Message = '' }) => clean(`${DataPath} ${Message}`));
  if (messages.length === 0) return result;
  // A success may carry mere warnings, or the reasons why nothing was written, and does not say which (PutDashboard, "Response Elements").
  const written = await readDashboard(sender, home, name, call);
  if (written === undefined || canonicalJson(written) !== canonicalJson(body)) throw notTaken(messages);
  return { ...result, warnings: messages };
}

/** The body as JSON, or as text when it is none; undefined when there is no such dashboard. */
async function readDashboard(sender: Sender, scope: Scope, name: string, call: CallScope): Promise<unknown> {
  try {
    const { DashboardBody } = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.GetDashboardCommand({ DashboardName: name }));
    return parsed(answered(DashboardBody, 'GetDashboard'));
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function madeByHand(name: string): CallError {
  return new CallError('provider_conflict', `There is a dashboard ${name} that was not generated here.`, {
    remedy: 'Use another name: it would be overwritten.',
    provider: { code: 'DashboardNameTaken' },
  });
}

function notTaken(messages: readonly string[]): CallError {
  return new CallError('provider_rejected', 'CloudWatch did not take the dashboard; it is as it was.', {
    remedy: 'Report what it says: the body is generated, so that this is a fault of ziggie-cloud.',
    // Read back: a success was counted, but nothing was written.
    effect: 'none',
    provider: { code: 'DashboardInvalidInputError', message: messages.join('; ') },
  });
}
