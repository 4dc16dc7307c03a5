import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is there. @throws when it is not within 20 seconds, with the last answer's own failure */
export async function until<T>(what: string, ask: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await pause(20);
  }
}
