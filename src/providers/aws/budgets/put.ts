/**
 * Invariant: a budget of another kind is never touched, and what differs of what was given is all that is sent. The name is what makes it the same
 * budget, so that a repeated call, or an attempt whose answer was lost, makes no second one.
 */
import { CallError } from '../../../call/errors.ts';
import type { AlertChange, AlertSpec, AwsBudgets } from '../../../ports/cost-alerts.ts';
import type { MissingPart } from '../../../ports/domain.ts';
import { decimalOf, type FoundBudget, otherKind, stateOf, unreadOf } from './facts.ts';
import { readBudget, type Wire } from './read.ts';
import { create, type Step, stepsTo } from './steps.ts';

/** Looks at what is there before something is sent: again where a lost answer or another caller came between. */
const mostRounds = 3;

type Done = Awaited<ReturnType<AwsBudgets['put']>>;

/** Throws `CallError`: `provider_conflict` for a name that is taken by a budget of another kind. */
export async function putBudget(
  wire: Wire,
  change: AlertChange,
  complete: Parameters<AwsBudgets['put']>[2],
  dryRun: boolean,
): Promise<Done> {
  let outcome: Done['outcome'] = 'unchanged';
  for (let round = 1; round <= mostRounds; round += 1) {
    const found = await readBudget(wire, change.name);
    if (found) refuseOtherKind(found);
    const spec = complete(found && stateOf(found));
    const unread = unreadOf(found?.notices ?? []);
    const told = unread ? { missing: [uncompared(wire, change.name, unread)] } : { to: [...spec.emails, ...spec.topics] };
    const steps = found ? stepsTo(spec, change, found) : [create(spec)];
    const made = found ? (steps.length > 0 ? 'updated' : 'unchanged') : 'created';
    if (dryRun) return { outcome: made, ...told, plan: planOf(spec, found, steps.length) };
    // What is there shows what an attempt without an answer did, where all of it could be read.
    if (steps.length === 0) return { outcome: unread ? outcome : settled(wire, outcome), ...told };
    const done = await sendAll(wire, steps);
    // A creation that met a budget was either one of ours, whose answer was lost, or another caller's.
    if (done || found || wire.call.ledger.effect() !== 'none') outcome = outcome === 'created' ? outcome : made;
    if (done) return { outcome: settled(wire, outcome), ...told };
  }
  throw new CallError('provider_conflict', `The budget ${change.name} is being changed by somebody else at the same time.`, {
    remedy: 'Look with costs_list_alerts in a minute, then set it again.',
    retryable: true,
    provider: { code: 'BudgetChanges' },
  });
}

/** False when the budget turned out not to be what it was when it was read. */
async function sendAll(wire: Wire, steps: readonly Step[]): Promise<boolean> {
  try {
    for (const step of steps) await step(wire);
    return true;
  } catch (error) {
    const code = error instanceof CallError ? error.details.provider?.code : undefined;
    if (code === 'DuplicateRecordException' || code === 'NotFoundException') return false;
    throw error;
  }
}

/** An attempt without an answer has had its effect if what is there is what was wanted. */
function settled({ call }: Wire, outcome: Done['outcome']): Done['outcome'] {
  if (call.ledger.effect() === 'unknown') call.ledger.attempt()('applied');
  return outcome;
}

function refuseOtherKind({ budget }: FoundBudget): void {
  const reason = otherKind(budget);
  if (reason === undefined) return;
  throw new CallError(
    'provider_conflict',
    `The name ${budget.BudgetName} is taken by a budget that this server does not keep: ${reason}.`,
    {
      remedy: 'Use another name. Only a person should change that budget (in the console, under Billing).',
      provider: { code: 'BudgetOfAnotherKind' },
    },
  );
}

function uncompared({ scope: { account, region } }: Wire, name: string, { code, message }: CallError): MissingPart {
  return {
    provider: 'aws',
    account: account.name,
    region,
    code,
    message: `Whom the budget ${name} tells could not be read, and was not compared; those subscribers stay as they are. ${message}`,
  };
}

function planOf(spec: AlertSpec, found: FoundBudget | undefined, steps: number): NonNullable<Done['plan']> {
  const visible = (state: AlertSpec) => {
    const { to, ...others } = shown(state);
    return unreadOf(found?.notices ?? []) ? others : { ...others, to };
  };
  const current: Record<string, string> = found ? visible(stateOf(found)) : {};
  const wanted = shown(spec);
  const differing = Object.entries(visible(spec)).filter(([key, text]) => current[key] !== text);
  // Where thresholds tell different people, or count otherwise, all of them together may look the same.
  const change = differing.length === 0 && steps > 0 ? { to: `${wanted.to} (of every threshold)` } : Object.fromEntries(differing);
  return { current, change, providerChecked: false };
}

function shown({ cents, currency, thresholds, emails, topics }: AlertSpec): Record<'amount' | 'thresholds' | 'to', string> {
  const sorted = (texts: readonly string[]) => [...texts].sort().join(', ');
  return {
    amount: `${decimalOf(cents)} ${currency}`,
    thresholds: sorted(thresholds.map(({ percent, on }) => `${percent}% ${on}`)),
    to: sorted([...emails, ...topics]),
  };
}
