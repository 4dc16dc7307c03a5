/** Invariant: a combined alert tells nobody whom the configuration does not name, whenever it was set and by whom. */
import { CallError } from '../../call/errors.ts';
import type { AlertChange, AlertSpec, BudgetState } from '../../ports/cost-alerts.ts';

/** Of the configuration: `costs`. */
export interface AlertSettings {
  readonly budget: { readonly currency: string };
  readonly recipients: readonly string[];
  readonly topics: readonly string[];
  /** Absent: this server cannot mail. */
  readonly mail?: object;
}

export interface Recipients {
  readonly emails: readonly string[];
  readonly topics: readonly string[];
}

/** Notification of AWS Budgets: ten addresses and one topic at most (AWS Cost Management API Reference, "NotificationWithSubscribers"). */
const awsTakes = { emails: 10, topics: 1 } as const;

/** Whom AWS tells: as given, and else whom it tells already; of a budget that tells nobody, everybody in the configuration. Throws `invalid_input`. */
export function awsRecipients(
  change: AlertChange,
  there: Pick<BudgetState, 'emails' | 'topics' | 'unread'> | undefined,
  settings: AlertSettings,
): Recipients {
  // One that could not be read tells somebody.
  if (there && (given(there) || there.unread)) return { emails: change.emails ?? there.emails, topics: change.topics ?? there.topics };
  const asked = { emails: change.emails ?? [], topics: change.topics ?? [] };
  if (given(asked)) return asked;
  const everybody = { emails: settings.recipients, topics: settings.topics };
  if (!given(everybody)) {
    throw new CallError('invalid_input', 'Nobody would be told: neither emails nor topics are given, and the configuration has none.', {
      remedy: 'Give emails or topics, or set costs.recipients or costs.topics in ziggie.yaml.',
    });
  }
  refuseTooMany(everybody, 'the configuration has');
  return everybody;
}

/** Throws `invalid_input` for more than AWS tells. */
export function refuseTooMany({ emails = [], topics = [] }: Partial<Recipients>, who: string): void {
  if (emails.length <= awsTakes.emails && topics.length <= awsTakes.topics) return;
  throw new CallError(
    'invalid_input',
    `AWS tells ${awsTakes.emails} addresses and ${awsTakes.topics} topic a threshold; ${who} ${emails.length} and ${topics.length}.`,
    { remedy: 'Name them in emails and topics: a distribution list, or one topic that all of them subscribe to.' },
  );
}

/**
 * Whom a combined alert tells as things are: those that it names, else everybody, and of them only who is in the configuration now.
 * Throws `provider_not_configured` where that is nobody.
 */
export function ownRecipients(spec: AlertSpec, settings: AlertSettings): Recipients {
  const everybody = { emails: settings.mail ? settings.recipients : [], topics: settings.topics };
  if (everybody.emails.length + everybody.topics.length === 0) {
    const unmailed =
      settings.recipients.length > 0 ? 'costs.mail (there are recipients, and no way to mail to them)' : 'costs.recipients with costs.mail';
    throw new CallError('provider_not_configured', 'This server can tell nobody of an alert over both clouds.', {
      remedy: `Set ${unmailed}, or costs.topics, in ziggie.yaml. With scope aws AWS tells by itself.`,
    });
  }
  if (!given(spec)) return everybody;
  const emails = spec.emails.filter((each) => has(everybody.emails, each));
  const topics = spec.topics.filter((each) => has(everybody.topics, each));
  if (emails.length + topics.length > 0) return { emails, topics };
  throw new CallError('provider_not_configured', `Nobody whom the alert ${spec.name} names is in the configuration any more.`, {
    remedy: 'Add them to costs.recipients or costs.topics in ziggie.yaml, or give the alert others, or remove it, with costs_set_alert.',
  });
}

/** Throws `invalid_input` for somebody who is not in the configuration, `provider_not_configured` for mail without a way to send it. */
export function refuseStrangers({ emails = [], topics = [] }: AlertChange, settings: AlertSettings): void {
  const strangers = [...emails.filter((each) => !has(settings.recipients, each)), ...topics.filter((each) => !has(settings.topics, each))];
  if (strangers.length > 0) {
    throw new CallError('invalid_input', `An alert over both clouds may not be sent to ${strangers.join(', ')}.`, {
      remedy:
        'Name only costs.recipients and costs.topics of ziggie.yaml (or nobody, for all of them), or ask whoever keeps that file to add them.',
    });
  }
  if (emails.length > 0 && !settings.mail) {
    throw new CallError('provider_not_configured', 'This server has no way to send mail.', {
      remedy: 'Set costs.mail in ziggie.yaml (smtp or ses), or give topics alone.',
    });
  }
}

function given({ emails, topics }: Recipients): boolean {
  return emails.length + topics.length > 0;
}

function has(all: readonly string[], one: string): boolean {
  return all.some((each) => each.toLowerCase() === one.toLowerCase());
}
