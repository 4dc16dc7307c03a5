import { randomUUID } from 'node:crypto';
import type { Invoke } from './call/invoke.ts';
import type { Settings } from './config/load.ts';
import type { Clouds } from './connect-clouds.ts';
import type { Schedule } from './costs/report/schedule.ts';
import type { createLog } from './log.ts';
import type { Principal } from './ports/domain.ts';
import type { StateStore } from './ports/state.ts';

export interface Chores {
  /** To be told of each call. */
  noteCall(client: string | undefined): void;
  stop(): void;
}

interface ChoresOptions {
  readonly settings: Settings;
  readonly store: StateStore;
  readonly clouds: Pick<Clouds, 'resumeDeployments'>;
  readonly invoke: Invoke;
  readonly principalOf: (agentId: string) => Principal;
  readonly log: ReturnType<typeof createLog>;
}

/** What is called by itself. */
export const scheduledTools = ['costs_forecast', 'costs_notify', 'costs_send_report'] as const;

/** What the record calls a call that the server makes by itself. */
const client = 'schedule';

/** Not before the first list is answered. */
const firstAfterMs = 300;
const everyMs = 60_000;
const soonMs = 1_000;

/**
 * What a process that stays does beside answering: ends what others left of deployments, and what is due of costs (reports, alerts,
 * and spend for policy to see). Costs take the road like any call, as the agent that the configuration names for them.
 */
export function startChores({ settings, store, clouds, invoke, principalOf, log }: ChoresOptions): Chores {
  let hasBeenUsed = false;
  let stopped = false;
  let ticking: NodeJS.Timeout | undefined;
  let schedule: Schedule | undefined;

  const begin = async () => {
    clouds.resumeDeployments().catch((error: Error) => {
      log.error({ reason: error.message }, 'what was interrupted of deployments could not be ended');
    });
    const { createSchedule } = await import('./costs/report/schedule.ts');
    if (stopped) return;
    const { mail, recipients, monthlyReport, agent, budget } = settings.costs;
    schedule = createSchedule({
      store,
      settings: { canMail: mail !== undefined, recipients, monthlyReport, currency: budget.currency },
      // With somebody to show progress to it is given the longer deadline.
      invoke: (tool, input) => invoke({ principal: principalOf(agent), tool, input: { ...input }, client, progress: () => undefined }),
      activity: () => {
        const was = hasBeenUsed;
        hasBeenUsed = false;
        return was;
      },
      warn: (problem) => log.warn({ problem }, 'costs'),
      holder: randomUUID(),
      now: Date.now,
    });
    ticking = setInterval(() => void schedule?.tick(), everyMs).unref();
    await schedule.tick();
  };
  const starting = setTimeout(() => {
    begin().catch((error: Error) => log.error({ reason: error.message }, 'the schedule of costs could not be begun'));
  }, firstAfterMs);

  return {
    noteCall(from) {
      if (from === client) return;
      // Whoever comes first after a while should not find spend unknown for long.
      if (!hasBeenUsed && !stopped) setTimeout(() => void schedule?.tick(), soonMs).unref();
      hasBeenUsed = true;
    },
    stop() {
      stopped = true;
      clearTimeout(starting);
      clearInterval(ticking);
      schedule?.stop();
    },
  };
}
