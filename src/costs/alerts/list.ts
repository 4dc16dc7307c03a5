import { z } from 'zod';
import { decodeCursor, encodeCursor, foreignCursor } from '../../call/cursor.ts';
import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { AlertRow, AlertSpec, AlertsPort, AwsBudgets, BudgetState } from '../../ports/cost-alerts.ts';
import type { AccountTarget, MissingPart, Resolved } from '../../ports/domain.ts';
import type { StateStore } from '../../ports/state.ts';
import { centsOfDecimal, moneyOf, rounded } from '../cents.ts';
import { settle } from '../failed-parts.ts';
import { awsAccounts } from '../gather.ts';
import { keptAlerts } from './own-alerts.ts';
import { type AlertSettings, ownRecipients } from './recipients.ts';
import { amountOf, noticeKey, thresholdText } from './words.ts';

export interface ListOptions {
  readonly budgets: AwsBudgets;
  readonly store: Pick<StateStore, 'costAlerts' | 'costNotices' | 'spend'>;
  readonly settings: AlertSettings;
  readonly now: () => number;
}

type Listed = Awaited<ReturnType<AlertsPort['list']>>;

/** Where a list goes on: behind this name of this source. */
const cursorShape = z.strictObject({ source: z.string(), after: z.string() });

interface Source {
  /** Empty for our own, else the account. */
  readonly name: string;
  read(page: { limit: number; after?: string }): Promise<{ rows: AlertRow[]; more: boolean; missing?: MissingPart[] }>;
}

/** Throws `invalid_input` for a foreign cursor. */
export async function listAlerts(
  options: ListOptions,
  accounts: readonly Resolved<AccountTarget>[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  call: CallScope,
): Promise<Listed> {
  const sources = [
    ownSource(options),
    ...awsAccounts(accounts).map((account, _, all) => awsSource(options, account, all.length > 1, call)),
  ];
  const start = cursor === undefined ? undefined : decodeCursor(cursor, cursorShape);
  const first = start === undefined ? 0 : sources.findIndex(({ name }) => name === start.source);
  if (first < 0) throw foreignCursor();
  const alerts: AlertRow[] = [];
  const missing: MissingPart[] = [];
  let after = start?.after;
  for (const source of sources.slice(first)) {
    const { name } = source;
    const { value: read, error } = await settle(source.read({ limit: limit - alerts.length, ...(after === undefined ? {} : { after }) }));
    if (error)
      missing.push({
        provider: 'aws',
        account: name,
        code: error.code,
        message: `${error.message} ${error.details.remedy}`,
      });
    else {
      alerts.push(...read.rows);
      missing.push(...(read.missing ?? []));
      if (read.more) return answer(alerts, missing, encodeCursor({ source: name, after: read.rows.at(-1)?.name ?? after ?? '' }));
      if (alerts.length >= limit && source !== sources.at(-1))
        return answer(alerts, missing, encodeCursor({ source: nextOf(sources, source), after: '' }));
    }
    after = undefined;
  }
  return answer(alerts, missing);
}

function nextOf(sources: readonly Source[], source: Source): string {
  return sources[sources.indexOf(source) + 1]?.name ?? '';
}

function answer(alerts: AlertRow[], missing: MissingPart[], nextCursor?: string): Listed {
  return { alerts, ...(nextCursor === undefined ? {} : { nextCursor }), ...(missing.length > 0 ? { missing } : {}) };
}

function ownSource({ store, settings, now }: ListOptions): Source {
  const month = new Date(now()).toISOString().slice(0, 7);
  const spend = store.spend();
  const known = spend?.month === month && spend.currency === settings.budget.currency ? spend : undefined;
  return {
    name: '',
    async read({ limit, after = '' }) {
      const rest = keptAlerts(store).filter(({ name }) => name > after);
      return { rows: rest.slice(0, limit).map((spec) => rowOf(spec)), more: rest.length > limit };
    },
  };

  function rowOf(spec: AlertSpec): AlertRow {
    const notices = store.costNotices(spec.name, month).filter(({ isTold }) => isTold);
    const notified = spec.thresholds
      .filter((each) => notices.some(({ threshold }) => threshold.startsWith(noticeKey(spec, each))))
      .map(thresholdText);
    return {
      name: spec.name,
      scope: 'both',
      amount: amountOf(spec),
      thresholds: spec.thresholds.map(thresholdText),
      to: recipientsNow(spec, settings),
      ...(known && spec.currency === known.currency ? { spent: moneyOf(known.monthToDateCents, known.currency) } : {}),
      ...(known?.forecastCents !== undefined && spec.currency === known.currency
        ? { forecast: moneyOf(known.forecastCents, known.currency) }
        : {}),
      ...(notified.length > 0 ? { notified } : {}),
    };
  }
}

/** Nobody, where the configuration has none of them any more. */
function recipientsNow(spec: AlertSpec, settings: AlertSettings): string[] {
  try {
    const { emails, topics } = ownRecipients(spec, settings);
    return [...emails, ...topics];
  } catch (error) {
    if (error instanceof CallError) return [];
    throw error;
  }
}

function awsSource({ budgets }: ListOptions, account: Resolved<AccountTarget>, named: boolean, call: CallScope): Source {
  return {
    name: account.account,
    async read(page) {
      const { budgets: found, more } = await budgets.list(account, page, call);
      const rows = found.map((each) => ({ ...awsRow(each), ...(named ? { account: account.account } : {}) }));
      return { rows, more, missing: unreadParts(found, account.account) };
    },
  };
}

/** One row for each kind of failure, since a service that fails does so for many budgets. */
function unreadParts(budgets: readonly BudgetState[], account: string): MissingPart[] {
  const kinds = Map.groupBy(
    budgets.filter(({ unread }) => unread),
    ({ unread }) => unread?.code ?? '',
  );
  return [...kinds].map(([code, all]) => ({
    provider: 'aws',
    account,
    code,
    message: `Alerts of ${all.map(({ name }) => name).join(', ')} could not be read wholly: ${all[0]?.unread?.message}`,
  }));
}

function awsRow(budget: BudgetState): AlertRow {
  const { name, currency, thresholds, emails, topics, unread, spent, forecast } = budget;
  return {
    name,
    scope: 'aws',
    amount: amountOf(budget),
    thresholds: thresholds.map(thresholdText),
    ...(unread ? {} : { to: [...emails, ...topics] }),
    ...worked('spent', spent, currency),
    ...worked('forecast', forecast, currency),
  };
}

/** What AWS has worked out; nothing for what is no number. */
function worked(key: 'spent' | 'forecast', amount: string | undefined, currency: string): { [K in 'spent' | 'forecast']?: string } {
  const cents = amount === undefined ? undefined : centsOfDecimal(amount);
  return cents ? { [key]: moneyOf(rounded(cents), currency) } : {};
}
