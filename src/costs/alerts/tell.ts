/**
 * Invariant: a threshold is claimed before anybody is told of it, for each recipient and each month by one server at a time. What has
 * certainly not left is given back, so that it is tried again and never forgotten. What may have left, because no answer came or the
 * server died meanwhile, stays claimed until the claim ends by itself, and the store gives it out once more and no oftener.
 */
import { CallError, type ErrorCode } from '../../call/errors.ts';
import type { AttemptOutcome, CallScope } from '../../ports/call-scope.ts';
import type { AlertSpec, Threshold } from '../../ports/cost-alerts.ts';
import type { Mailer, Topics } from '../../ports/mail.ts';
import type { StateStore } from '../../ports/state.ts';
import { type CombinedSpend, type Message, messageOf } from './message.ts';
import { type AlertSettings, ownRecipients } from './recipients.ts';
import { noticeKey } from './words.ts';

export interface TellOptions {
  readonly topics: Topics;
  readonly mailer: Mailer;
  readonly store: Pick<StateStore, 'claimCostNotice' | 'keepCostNotice' | 'giveBackCostNotice' | 'costNotices'>;
  readonly settings: AlertSettings;
  readonly now: () => number;
}

/** One address or one topic: told of by itself, so that one that fails does not make the others hear it twice. */
interface Channel {
  readonly to: string;
  send(message: Message, call: CallScope): Promise<void>;
}

export type Lane = readonly Channel[];

interface LaneResult {
  readonly told: readonly { readonly threshold: Threshold; readonly to: string }[];
  readonly failures: readonly unknown[];
}

const minuteMs = 60_000;
/** Longer than any call lives. */
const claimMs = 20 * minuteMs;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** What does not pass by itself is not tried with every tick: for an hour where it may be mended without this server being told, for a day where an address or a topic is wrong. */
const pausesMs: Partial<Record<ErrorCode, number>> = {
  provider_denied: hourMs,
  provider_not_configured: hourMs,
  provider_rejected: dayMs,
  provider_not_found: dayMs,
  invalid_input: dayMs,
};

/** Mails and topics. Throws `provider_not_configured` where the configuration has nobody to tell. */
export function lanesOf(spec: AlertSpec, { mailer, topics, settings }: TellOptions): Lane[] {
  const to = ownRecipients(spec, settings);
  return [
    to.emails.map((email) => ({ to: email, send: (message, call) => mailer.send({ to: [email], ...message }, call) })),
    to.topics.map((arn) => ({ to: arn, send: (message, call) => topics.publish(arn, message, call) })),
  ];
}

/** One channel behind the other: mail servers take few connections at once. The rest of a lane waits for another time where nobody answers. */
export async function tellLane(
  options: TellOptions,
  spec: AlertSpec,
  crossed: readonly Threshold[],
  lane: Lane,
  spend: CombinedSpend,
  call: CallScope,
): Promise<LaneResult> {
  const told: LaneResult['told'][number][] = [];
  const failures: unknown[] = [];
  for (const channel of lane) {
    try {
      const thresholds = await tell(options, spec, crossed, channel, spend, call);
      told.push(...thresholds.map((threshold) => ({ threshold, to: channel.to })));
    } catch (error) {
      failures.push(error);
      if (error instanceof CallError && error.details.retryable && error.details.provider?.status === undefined) break;
    }
  }
  return { told, failures };
}

/** Thresholds that this channel was told of now, or would be. Throws what sending throws. */
async function tell(
  { store, now }: TellOptions,
  spec: AlertSpec,
  crossed: readonly Threshold[],
  channel: Channel,
  spend: CombinedSpend,
  call: CallScope,
): Promise<readonly Threshold[]> {
  const { month } = spend;
  const keyOf = (threshold: Threshold) => `${noticeKey(spec, threshold)}${channel.to.toLowerCase()}`;
  if (call.dryRun) {
    const taken = store.costNotices(spec.name, month).filter(({ freeAt }) => freeAt > now());
    return crossed.filter((each) => taken.every(({ threshold }) => threshold !== keyOf(each)));
  }
  refuseIfCancelled(call);
  const claimed = crossed.filter((each) => store.claimCostNotice(spec.name, keyOf(each), month, now(), now() + claimMs));
  if (claimed.length === 0) return [];
  const sending = watched(call);
  try {
    await channel.send(messageOf(spec, claimed, spend), sending.call);
  } catch (error) {
    if (sending.mayHaveLeft()) throw error;
    const freeAt = now() + pauseMs(error);
    for (const each of claimed) store.giveBackCostNotice(spec.name, keyOf(each), month, freeAt);
    throw error;
  }
  for (const each of claimed) store.keepCostNotice(spec.name, keyOf(each), month);
  return claimed;
}

function pauseMs(error: unknown): number {
  return error instanceof CallError && error.details.retryable !== true ? (pausesMs[error.code] ?? 0) : 0;
}

/** The same call, whose ledger says of this part of it whether something may have had its effect. */
function watched(call: CallScope): { readonly call: CallScope; mayHaveLeft(): boolean } {
  const outcomes: (AttemptOutcome | 'open')[] = [];
  const attempt = () => {
    const settle = call.ledger.attempt();
    const index = outcomes.push('open') - 1;
    return (outcome: AttemptOutcome) => {
      outcomes[index] = outcome;
      settle(outcome);
    };
  };
  return {
    call: { ...call, ledger: { attempt, effect: () => call.ledger.effect() } },
    mayHaveLeft: () => outcomes.some((outcome) => outcome !== 'refused'),
  };
}

function refuseIfCancelled({ signal }: CallScope): void {
  if (!signal.aborted) return;
  throw new CallError('cancelled', 'The call was cancelled before everybody was told.', {
    remedy: 'Call again: who was told is not told again.',
  });
}
