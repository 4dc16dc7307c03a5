import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { CostAnswer, CostQuestion } from '../../src/ports/cost-sources.ts';
import { failure, newCall } from '../aws/harness.ts';
import { down, hourMs, main, minuteMs, newWorld, row, second, silent } from './world.ts';

let world: ReturnType<typeof newWorld>;
let reader: ReturnType<(typeof world)['reader']>;
beforeEach(() => {
  world = newWorld();
  reader = world.reader();
});
afterEach(() => world.close());

const byMonth = (from: string, until: string): CostQuestion => ({
  period: { from, until },
  granularity: 'month',
  groups: ['service', 'kind'],
});
const thisMonth: CostQuestion = { ...byMonth('2026-11-01', '2026-11-23'), granularity: 'day' };
const october = byMonth('2026-10-01', '2026-11-01');
const read = (question = thisMonth, by = reader) => by.usage(main, question, newCall());
const periods = () => world.asked.map(({ period: { from, until } }) => `${from} ${until}`);
/** One row for each month of a question. */
const eachMonth = (months: readonly string[], isFinal = true): CostAnswer => ({
  rows: months.map((month) => row('EC2', '1', { from: `${month}-01` })),
  isFinal,
});

describe('an answer', () => {
  it('is good for eight hours, in every process', async () => {
    await read();
    world.now += 8 * hourMs - 1;
    expect(await read()).toEqual({ value: world.answer, fetchedAt: Date.parse('2026-11-22T12:00:00Z') });
    expect(await read(thisMonth, world.another.reader())).toMatchObject({ value: world.answer });
    expect(world.count('usage')).toBe(1);
    world.now += 1;
    expect(await read()).toMatchObject({ fetchedAt: world.now });
    expect(world.count('usage')).toBe(2);
  });

  it('is of its account, and of its question', async () => {
    const questions: CostQuestion[] = [
      thisMonth,
      { ...thisMonth, granularity: 'month' },
      { ...thisMonth, groups: ['service'] },
      { ...thisMonth, groups: [{ tag: 'service' }] },
      { ...thisMonth, withoutCredits: true },
    ];
    for (const question of questions) await read(question);
    await reader.usage(second, thisMonth, newCall());
    expect(world.count('usage')).toBe(6);
    for (const question of questions) await read(question);
    expect(world.count('usage')).toBe(6);
  });

  it('is for good where AWS calls it final and its days are over', async () => {
    world.answer = eachMonth(['2026-10']);
    await read(october);
    world.now += 400 * 24 * hourMs;
    expect(await read(october)).toMatchObject({ value: { isFinal: true } });
    expect(world.count('usage')).toBe(1);
  });

  it('is not for good where its days are not over, whatever is said of it', async () => {
    world.answer = { ...world.answer, isFinal: true };
    expect((await read()).value.isFinal).toBe(false);
    world.now += 8 * hourMs;
    await read();
    expect(world.count('usage')).toBe(2);
  });

  it('is not trusted when it lies ahead of the clock', async () => {
    await read();
    world.now -= hourMs;
    expect(await read()).toMatchObject({ fetchedAt: world.now });
    expect(world.count('usage')).toBe(2);
  });

  it('of the days so far lasts over midnight, and is shown when AWS is down on the first of the next month', async () => {
    world.at('2026-11-30T22:00:00Z');
    await read(byMonth('2026-11-01', '2026-12-01'));
    world.at('2026-12-01T01:00:00Z');
    world.usage = () => Promise.reject(down);
    // Its last hours are lacking, so it is not as good as an answer about the whole.
    expect(await read(byMonth('2026-11-01', '2026-12-01'))).toMatchObject({
      value: world.answer,
      failure: { code: 'provider_unavailable' },
    });
    expect(world.count('usage')).toBe(2);
    world.at('2026-11-22T23:00:00Z');
    world.usage = async () => world.answer;
    await read();
    world.at('2026-11-23T05:00:00Z');
    const nextDay = { ...thisMonth, period: { from: '2026-11-01', until: '2026-11-24' } };
    world.usage = () => Promise.reject(down);
    expect(await read(nextDay)).toMatchObject({ value: world.answer, failure: { code: 'provider_unavailable' } });
    world.now += 90 * 24 * hourMs;
    expect(reader.lastUsage(main, { ...thisMonth, period: { from: '2026-11-01', until: '2026-12-01' } })).toMatchObject({
      value: world.answer,
    });
    expect(reader.lastUsage(main, nextDay)).toBeUndefined();
  });

  it('of the days so far is asked for again when a day begins, because it has the last one in part; a month that is over is not', async () => {
    world.at('2026-11-21T23:00:00Z');
    await read({ ...thisMonth, period: { from: '2026-11-01', until: '2026-11-22' } });
    await read(october);
    world.at('2026-11-21T23:59:59Z');
    await read({ ...thisMonth, period: { from: '2026-11-01', until: '2026-11-22' } });
    expect(world.count('usage')).toBe(2);
    world.at('2026-11-22T00:30:00Z');
    await read();
    await read(october);
    await read();
    expect(periods().slice(2)).toEqual(['2026-11-01 2026-11-23']);
  });

  it('is as old as its question, which may have left before midnight', async () => {
    world.at('2026-11-21T23:59:59Z');
    world.usage = async () => {
      world.at('2026-11-22T00:00:05Z');
      return world.answer;
    };
    expect(await read({ ...thisMonth, period: { from: '2026-11-01', until: '2026-11-22' } })).toMatchObject({
      fetchedAt: Date.parse('2026-11-21T23:59:59Z'),
    });
    await read();
    expect(world.count('usage')).toBe(2);
  });

  it('is of the days that were asked for, whatever days an emulator puts on it', async () => {
    world.answer = { rows: [row('Amazon S3', '1', { from: '2024-01-01' }), row('Amazon S3', '2', { from: '2027-01-01' })], isFinal: false };
    const { value } = await read();
    expect(value.rows.map(({ from, amount }) => [from, amount])).toEqual([
      ['2026-11-01', '1'],
      ['2026-11-01', '2'],
    ]);
  });

  it('is neither shown nor kept where an amount is no number', async () => {
    world.answer = { rows: [row('Amazon S3', 'a lot')], isFinal: false };
    expect(await failure(read())).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining('a lot') });
    expect(reader.lastUsage(main, thisMonth)).toBeUndefined();
    world.now += hourMs;
    const [rest, call] = [{ from: '2026-11-22', until: '2026-12-01' }, newCall()];
    world.forecast = async () => ({ currency: 'USD', mean: '1', low: '1', high: 'much', level: 80 });
    expect(await failure(reader.forecast(main, rest, call))).toMatchObject({ message: expect.stringContaining('much') });
    world.anomalies = async () => [{ id: 'a', from: '2026-11-20', impact: '' }];
    expect(await failure(reader.anomalies(main, rest, call))).toMatchObject({ code: 'provider_unavailable' });
  });
});

describe('months', () => {
  it('are kept each by itself, and only those that are missing are asked for, in one request', async () => {
    world.answer = eachMonth(['2026-08', '2026-09']);
    await read(byMonth('2026-08-01', '2026-10-01'));
    world.answer = eachMonth(['2026-07', '2026-08', '2026-09', '2026-10']);
    const { value } = await read(byMonth('2026-07-01', '2026-11-01'));
    expect(value.rows.map(({ from }) => from)).toEqual(['2026-07-01', '2026-08-01', '2026-09-01', '2026-10-01']);
    await read(october);
    await read(byMonth('2026-09-01', '2026-11-01'));
    expect(periods()).toEqual(['2026-08-01 2026-10-01', '2026-07-01 2026-11-01']);
    world.answer = eachMonth(['2026-06']);
    expect((await read(byMonth('2026-06-01', '2026-11-01'))).value.rows.length).toBe(5);
    expect(periods().at(-1)).toBe('2026-06-01 2026-07-01');
  });

  it('are as old as the oldest that may still change', async () => {
    world.answer = eachMonth(['2026-09']);
    await read(byMonth('2026-09-01', '2026-10-01'));
    world.now += 24 * hourMs;
    world.answer = eachMonth(['2026-10'], false);
    expect(await read(byMonth('2026-09-01', '2026-11-01'))).toMatchObject({ fetchedAt: world.now, value: { isFinal: false } });
    expect(periods().at(-1)).toBe('2026-10-01 2026-11-01');
    const older = world.now;
    world.now += hourMs;
    world.answer = eachMonth(['2026-08'], false);
    expect((await read(byMonth('2026-08-01', '2026-11-01'))).fetchedAt).toBe(older);
  });

  it('are final each by itself, where AWS may still change the last', async () => {
    world.at('2026-11-02T12:00:00Z');
    world.answer = { ...eachMonth(['2026-08', '2026-09', '2026-10'], false), openFrom: '2026-10-01' };
    expect((await read(byMonth('2026-08-01', '2026-11-01'))).value.isFinal).toBe(false);
    world.now += 24 * hourMs;
    expect((await read(byMonth('2026-08-01', '2026-10-01'))).value).toEqual(eachMonth(['2026-08', '2026-09']));
    await read(byMonth('2026-08-01', '2026-11-01'));
    expect(periods()).toEqual(['2026-08-01 2026-11-01', '2026-10-01 2026-11-01']);
  });

  it('that are final stay as they are, whatever is said of a stretch that reaches over them', async () => {
    world.at('2026-11-02T12:00:00Z');
    world.answer = eachMonth(['2026-08']);
    const august = await read(byMonth('2026-08-01', '2026-09-01'));
    world.answer = { ...eachMonth(['2026-07', '2026-08', '2026-09'], false), rows: [row('EC2', '5', { from: '2026-08-01' })] };
    const { value } = await read(byMonth('2026-07-01', '2026-10-01'));
    expect(value.rows).toEqual(august.value.rows);
    world.now += 24 * hourMs;
    expect(await read(byMonth('2026-08-01', '2026-09-01'))).toEqual(august);
    expect(world.count('usage')).toBe(2);
  });

  it('that are asked for from a day on may be called by their first', async () => {
    for (const from of ['2026-10-01', '2026-10-20']) {
      world.now += 9 * hourMs;
      world.answer = { rows: [row('EC2', '1', { from })], isFinal: false };
      expect((await read(byMonth('2026-10-20', '2026-11-01'))).value).toEqual(world.answer);
    }
  });

  it('are told by days too', async () => {
    world.answer = { rows: [row('EC2', '1', { from: '2026-10-31' }), row('EC2', '2', { from: '2026-11-01' })], isFinal: false };
    const days = { ...byMonth('2026-10-01', '2026-11-23'), granularity: 'day' as const };
    expect((await read(days)).value.rows.length).toBe(2);
    expect((await read(thisMonth)).value.rows.map(({ amount }) => amount)).toEqual(['2']);
    expect(world.count('usage')).toBe(1);
  });
});

describe('anomalies', () => {
  const period = { from: '2026-10-01', until: '2026-11-01' };
  const find = async (asked = period) => (await reader.anomalies(main, asked, newCall())).value.map(({ id }) => id);
  const found = (id: string) => async () => [{ id, from: '2026-10-31', impact: '500' }];

  it('of a month that is over are for good only once AWS has had the time to find them', async () => {
    world.at('2026-11-01T00:00:30Z');
    expect(await find()).toEqual([]);
    world.anomalies = found('late');
    world.at('2026-11-03T23:59:00Z');
    expect(await find()).toEqual(['late']);
    world.anomalies = found('later');
    world.at('2026-11-04T08:00:00Z');
    expect(await find()).toEqual(['later']);
    world.anomalies = found('too late');
    world.now += 40 * 24 * hourMs;
    expect(await find()).toEqual(['later']);
    expect(world.count('anomalies')).toBe(3);
  });

  it('that a clock ahead of its time has read are not for good', async () => {
    world.at('2026-12-20T12:00:00Z');
    await find();
    world.at('2026-11-01T12:00:00Z');
    await find();
    expect(world.count('anomalies')).toBe(2);
  });

  it('of the days so far are one question from day to day', async () => {
    world.anomalies = found('x');
    await find({ from: '2026-11-01', until: '2026-11-23' });
    world.now += 24 * hourMs;
    world.anomalies = () => Promise.reject(down);
    expect(await find({ from: '2026-11-01', until: '2026-11-24' })).toEqual(['x']);
    expect(world.count('anomalies')).toBe(2);
  });
});

describe('asked at once', () => {
  it('a thousand times by ten agents, it costs one request', async () => {
    const gate = Promise.withResolvers<CostAnswer>();
    world.usage = () => gate.promise;
    const reads = Array.from({ length: 1_000 }, (_, index) => reader.usage(main, thisMonth, newCall({ actor: `agent-${index % 10}` })));
    gate.resolve(world.answer);
    expect(new Set((await Promise.all(reads)).map((kept) => JSON.stringify(kept))).size).toBe(1);
    expect(world.count('usage')).toBe(1);
    expect(reader.requestsToday()).toBe(1);
  });

  it('reaches the others when the first who asked is cancelled', async () => {
    const gate = Promise.withResolvers<CostAnswer>();
    world.usage = () => gate.promise;
    const [first, other] = [newCall(), newCall()];
    const one = failure(reader.usage(main, thisMonth, first));
    const two = reader.usage(main, thisMonth, other);
    first.cancel();
    expect((await one).code).toBe('cancelled');
    gate.resolve(world.answer);
    expect(await two).toMatchObject({ value: world.answer });
  });

  it('is finished and kept once it has left, though everybody has gone; who comes meanwhile gets it too', async () => {
    const [gate, left] = [Promise.withResolvers<CostAnswer>(), Promise.withResolvers<void>()];
    world.usage = () => {
      left.resolve();
      return gate.promise;
    };
    const call = newCall();
    const gone = failure(reader.usage(main, thisMonth, call));
    await left.promise;
    call.cancel();
    expect((await gone).code).toBe('cancelled');
    expect(world.asked[0]?.call.signal.aborted).toBe(false);
    const late = read();
    gate.resolve(world.answer);
    expect(await late).toMatchObject({ value: world.answer });
    expect(await read()).toMatchObject({ value: world.answer });
    expect(world.count('usage')).toBe(1);
  });

  it('is not asked at all where it has not left, and the next one asks for itself', async () => {
    const held = world.store.takeLease(`costs ${main.accountId} forecast a b`, 'another', world.now, 60_000);
    expect(held).toHaveProperty('token');
    const waiting = Promise.withResolvers<AbortSignal>();
    const patient = world.reader({
      pause: (_ms, signal) => {
        waiting.resolve(signal);
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    const call = newCall();
    const one = failure(patient.forecast(main, { from: 'a', until: 'b' }, call));
    const signal = await waiting.promise;
    call.cancel();
    expect((await one).code).toBe('cancelled');
    expect(signal.aborted).toBe(true);
    expect(world.asked).toEqual([]);
    if ('token' in held) world.store.releaseLease(`costs ${main.accountId} forecast a b`, held.token);
    expect((await failure(patient.forecast(main, { from: 'a', until: 'b' }, newCall()))).code).toBe('provider_rejected');
    expect(world.count('forecast')).toBe(1);
  });

  it('does not join what is about to stop', async () => {
    const rest = { from: 'a', until: 'b' };
    const held = world.store.takeLease(`costs ${main.accountId} forecast a b`, 'another', world.now, 60_000);
    const waiting = Promise.withResolvers<void>();
    const stuck = world.reader({
      pause: () => {
        waiting.resolve();
        return new Promise(() => undefined);
      },
    });
    const call = newCall();
    const one = failure(stuck.forecast(main, rest, call));
    await waiting.promise;
    call.cancel();
    await one;
    if ('token' in held) world.store.releaseLease(`costs ${main.accountId} forecast a b`, held.token);
    expect((await failure(stuck.forecast(main, rest, newCall()))).code).toBe('provider_rejected');
  });

  it('is not asked for a call that was cancelled before', async () => {
    const call = newCall();
    call.cancel();
    expect((await failure(reader.usage(main, thisMonth, call))).code).toBe('cancelled');
    expect(world.asked).toEqual([]);
  });

  it('has its own time: who has little stops waiting, and the answer is kept', async () => {
    const gate = Promise.withResolvers<CostAnswer>();
    world.usage = () => gate.promise;
    const hurried = newCall({ deadlineAt: Date.now() + 1 });
    expect(await failure(reader.usage(main, thisMonth, hurried))).toMatchObject({ code: 'timeout' });
    expect(world.asked[0]?.call.deadlineAt).toBeGreaterThan(hurried.deadlineAt + 30_000);
    gate.resolve(world.answer);
    expect(await read()).toMatchObject({ value: world.answer });
    expect(world.count('usage')).toBe(1);
  });
});

describe('another process that is asking', () => {
  const lease = `costs ${main.accountId} usage ${JSON.stringify({ from: '2026-11-01', granularity: 'day', groups: ['service', 'kind'], until: 'now' })}`;

  /** Two processes, of which the second waits until the first is done. */
  async function together(first: () => Promise<unknown>) {
    const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const answer = world.usage;
    world.usage = async (...all) => {
      asked.resolve();
      await gate.promise;
      return answer(...all);
    };
    const one = first();
    await asked.promise;
    let waited = 0;
    const other = world.reader({
      async pause() {
        waited += 1;
        gate.resolve();
        await Promise.allSettled([one]);
      },
    });
    const two = await other.usage(main, thisMonth, newCall()).catch((error: unknown) => error);
    return { one, two, waited };
  }

  it('is waited for, and its answer is taken', async () => {
    const { one, two, waited } = await together(() => read());
    expect(two).toMatchObject({ value: world.answer });
    expect(await one).toMatchObject({ value: world.answer });
    expect([waited, world.count('usage')]).toEqual([1, 1]);
  });

  it('and is done just before its lease is taken, is believed', async () => {
    const takeLease: typeof world.store.takeLease = (...lease) => {
      const question = JSON.stringify({ from: '2026-11-01', granularity: 'day', groups: ['service', 'kind'], until: 'now' });
      world.store.keepCosts(main.accountId, question, { fetchedAt: world.now, answer: JSON.stringify(world.answer) });
      return world.store.takeLease(...lease);
    };
    const late = world.reader({ store: { ...world.store, takeLease } });
    expect(await read(thisMonth, late)).toMatchObject({ value: world.answer });
    expect(world.asked).toEqual([]);
  });

  it('and fails, tells the others, who do not ask each', async () => {
    world.usage = () => Promise.reject(down);
    const { two, waited } = await together(() => failure(read()));
    expect(two).toMatchObject({ code: 'provider_unavailable', message: 'AWS has a problem.' });
    expect([waited, world.count('usage')]).toEqual([1, 1]);
  });

  it('and dies, is waited for until its lease ends', async () => {
    expect(world.store.takeLease(lease, 'dead', world.now, 60_000)).toHaveProperty('token');
    let waited = 0;
    const patient = world.reader({
      async pause(ms) {
        waited += 1;
        expect(world.count('usage')).toBe(0);
        world.now += Math.max(ms, 20_000);
      },
    });
    await read(thisMonth, patient);
    expect([waited, world.count('usage')]).toEqual([3, 1]);
  });

  it('is not waited for where its lease is from ahead of the clock', async () => {
    world.store.takeLease(lease, 'dead', world.now + hourMs, 60_000);
    await read();
    expect(world.count('usage')).toBe(1);
  });

  it('and has taken over, is waited for, and no further page is paid', async () => {
    const question = lease.slice(`costs ${main.accountId} usage `.length);
    const others: CostAnswer = { rows: [row('EC2', '7')], isFinal: false };
    world.usage = async (_question, _account, announce) => {
      world.now += 61_000;
      expect(world.store.takeLease(lease, 'another', world.now, 60_000)).toHaveProperty('token');
      announce();
      return world.answer;
    };
    let waited = 0;
    const slow = world.reader({
      async pause() {
        waited += 1;
        world.store.keepCosts(main.accountId, question, { fetchedAt: world.now, answer: JSON.stringify(others) });
      },
    });
    expect(await slow.usage(main, thisMonth, newCall())).toEqual({ value: others, fetchedAt: world.now });
    expect([waited, reader.requestsToday()]).toEqual([1, 1]);
    // The other's lease is the other's still.
    expect(world.store.takeLease(lease, 'a third', world.now, 60_000)).toMatchObject({ heldBy: 'another' });
  });

  it('keeps its lease from page to page', async () => {
    const held: boolean[] = [];
    world.usage = async (_question, _account, announce) => {
      for (let page = 2; page <= 4; page += 1) {
        world.now += 50_000;
        held.push('heldBy' in world.store.takeLease(lease, 'another', world.now, 60_000));
        announce();
      }
      return world.answer;
    };
    await read();
    expect(held).toEqual([true, true, true]);
    expect(reader.requestsToday()).toBe(4);
    // Given back at the end.
    expect(world.store.takeLease(lease, 'another', world.now, 60_000)).toHaveProperty('token');
  });
});

describe('a failure', () => {
  const ageOf = async () => (await read()).failure;

  it('comes with the last answer, where there is one', async () => {
    await read();
    const { fetchedAt } = await read();
    world.now += 10 * hourMs;
    world.usage = () => Promise.reject(down);
    expect(await read()).toEqual({ value: world.answer, fetchedAt, failure: down });
    world.usage = async () => world.answer;
    world.now += minuteMs;
    expect(await ageOf()).toBeUndefined();
  });

  it('is not paid for again within a minute, then two, then four, up to an hour; in every process', async () => {
    world.at('2026-11-22T01:00:00Z');
    const rejected = new CallError('provider_rejected', 'AWS does not take it.', { remedy: 'Ask otherwise.', retryable: true });
    world.usage = () => Promise.reject(rejected);
    const pauses: number[] = [];
    for (let asked = 1; asked <= 9; asked += 1) {
      expect((await failure(read())).code).toBe('provider_rejected');
      expect(world.count('usage')).toBe(asked);
      const again = await failure(read(thisMonth, world.another.reader()));
      expect(again.details).toMatchObject({ retryable: true, remedy: expect.stringContaining('asked again in') });
      pauses.push(again.details.retryAfterMs ?? 0);
      world.now += (again.details.retryAfterMs ?? 0) - 1;
      await failure(read());
      expect(world.count('usage')).toBe(asked);
      world.now += 1;
    }
    expect(pauses.map((ms) => ms / minuteMs)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    world.usage = async () => world.answer;
    await read();
    world.now += 9 * hourMs;
    world.usage = () => Promise.reject(down);
    await read();
    expect((await read()).failure?.details.retryAfterMs).toBe(minuteMs);
  });

  describe('that may be put right', () => {
    const rest = { from: '2026-11-22', until: '2026-12-01' };
    /** Minutes at which it was asked, of those in which somebody wanted it. */
    const askedAt = async (minutes: number) => {
      const times: number[] = [];
      const began = world.now;
      for (let minute = 0; minute < minutes; minute += 1) {
        world.now = began + minute * minuteMs;
        const before = world.count('forecast');
        await reader.forecast(main, rest, newCall()).catch(() => undefined);
        if (world.count('forecast') > before) times.push(minute);
      }
      return times;
    };

    it.each(['provider_denied', 'provider_not_configured', 'provider_throttled', 'provider_unavailable', 'timeout'] as const)(
      'is asked again every quarter of an hour: %s',
      async (code) => {
        world.at('2026-11-22T01:00:00Z');
        world.forecast = () => Promise.reject(new CallError(code, 'No.', { remedy: 'Allow it.' }));
        expect(await askedAt(76)).toEqual([0, 1, 3, 7, 15, 30, 45, 60, 75]);
        const { details } = await failure(reader.forecast(main, rest, newCall()));
        expect(details.retryAfterMs).toBe(15 * minuteMs);
      },
    );

    it('leaves half of the requests to others, and is as before when a day begins', async () => {
      world.at('2026-11-22T01:00:00Z');
      world.forecast = () => Promise.reject(new CallError('provider_denied', 'No.', { remedy: 'Allow it.' }));
      await askedAt(22 * 60);
      expect(reader.requestsToday()).toBeGreaterThan(24);
      expect(reader.requestsToday()).toBeLessThan(30);
      world.at('2026-11-23T00:00:00Z');
      world.forecast = async () => ({ currency: 'USD', mean: '1', low: '1', high: '1', level: 80 });
      expect((await askedAt(16)).length).toBe(1);
    });
  });

  it('is not good for ever when the clock is set back', async () => {
    world.usage = () => Promise.reject(down);
    await failure(read());
    world.now -= hourMs;
    await failure(read());
    expect(world.count('usage')).toBe(2);
  });

  it('of our own making is not remembered, nor hidden', async () => {
    await read();
    world.now += 9 * hourMs;
    world.usage = () => Promise.reject(new TypeError('a bug'));
    await expect(read()).rejects.toThrow('a bug');
    world.usage = () => Promise.reject(new CallError('internal', 'not declared', { remedy: 'Report it.' }));
    expect((await read()).failure?.code).toBe('internal');
    world.usage = async () => world.answer;
    expect(await ageOf()).toBeUndefined();
  });

  it('of a forecast is paid for a few times a day', async () => {
    const rest = { from: '2026-11-22', until: '2026-12-01' };
    for (let minute = 0; minute < 24 * 60; minute += 10) {
      await failure(reader.forecast(main, rest, newCall()));
      world.now += 10 * minuteMs;
    }
    expect(world.count('forecast')).toBeLessThanOrEqual(12);
  });
});

describe('the ceiling', () => {
  const exhausted = () => world.reader({ ceiling: 2 });

  it('refuses a request before it leaves, says when and how, and is one over all processes', async () => {
    await read(thisMonth, exhausted());
    await read(october, world.reader({ ceiling: 2 })).catch(() => undefined);
    const error = await failure(exhausted().usage(second, thisMonth, newCall()));
    expect(error).toMatchObject({
      code: 'quota_exceeded',
      details: { effect: 'none', retryAfterMs: 12 * hourMs, remedy: expect.stringContaining('costs.requestsPerDay') },
    });
    expect([world.asked.length, exhausted().requestsToday()]).toEqual([2, 2]);
    world.at('2026-11-23T00:00:00Z');
    await exhausted().usage(second, thisMonth, newCall());
    expect(exhausted().requestsToday()).toBe(1);
  });

  it.each([
    { ceiling: 50, accounts: 1, views: 42 },
    { ceiling: 100, accounts: 2, views: 84 },
    { ceiling: 50, accounts: 5, views: 34 },
    { ceiling: 2, accounts: 1, views: 2 },
  ])('of $ceiling leaves $views to views of $accounts accounts, and keeps the rest for what policy decides by', async (given) => {
    const { views, ...options } = given;
    const limited = world.reader(options);
    const question = (index: number): CostQuestion => ({ ...thisMonth, groups: [{ tag: `tag ${index}` }] });
    for (let index = 0; index < views; index += 1) await limited.usage(main, question(index), newCall());
    const refused = await failure(limited.usage(main, question(views), newCall()));
    expect(refused.code).toBe('quota_exceeded');
    const kept = options.ceiling - views;
    if (kept === 0) return;
    expect(refused.message).toContain(`asked ${views} times today (UTC), the last ${kept} of`);
    await limited.usage(main, thisMonth, newCall());
    expect((await failure(limited.forecast(main, { from: '2026-11-22', until: '2026-12-01' }, newCall()))).code).toBe('provider_rejected');
    expect((await failure(limited.anomalies(main, thisMonth.period, newCall()))).code).toBe('quota_exceeded');
    expect((await failure(limited.usage(main, october, newCall()))).code).toBe('quota_exceeded');
    expect(limited.requestsToday()).toBe(views + 2);
  });

  it('keeps back for as many accounts as are configured', async () => {
    for (let request = 0; request < 34; request += 1) world.store.countCostRequest('2026-11-22', 50);
    const two = world.costs({ everything: ['main', 'second', 'hostinger'] });
    expect((await failure(two.month([main], '2026-10', newCall()))).code).toBe('quota_exceeded');
    await two.current([main], newCall());
    await world.costs().month([main], '2026-10', newCall());
  });

  it('leaves the old answer, with its age and the reason', async () => {
    world.at('2026-11-22T01:00:00Z');
    const limited = world.reader({ ceiling: 1 });
    const first = await limited.usage(main, thisMonth, newCall());
    world.now += 9 * hourMs;
    expect(await limited.usage(main, thisMonth, newCall())).toMatchObject({
      value: world.answer,
      fetchedAt: first.fetchedAt,
      failure: { code: 'quota_exceeded' },
    });
    expect(world.count('usage')).toBe(1);
  });
});

describe('Hostinger', () => {
  it('is asked once an hour, by all processes, and not counted', async () => {
    const each = await Promise.all(Array.from({ length: 10 }, () => reader.subscriptions(newCall())));
    expect(new Set(each.map(({ value }) => value[0]?.name))).toEqual(new Set(['KVM 2']));
    world.now += hourMs - 1;
    await world.another.reader().subscriptions(newCall());
    expect(world.askedHostinger).toBe(1);
    world.now += 1;
    await reader.subscriptions(newCall());
    expect([world.askedHostinger, reader.requestsToday()]).toEqual([2, 0]);
    world.machines = [{ id: '1', name: 'vps', tags: {} }];
    expect((await reader.machines(newCall())).value).toEqual(world.machines);
  });

  it('is shown as it was when it is silent, and asked again a minute later', async () => {
    await reader.subscriptions(newCall());
    world.now += 2 * hourMs;
    world.subscriptions = silent;
    for (let minute = 0; minute < 5; minute += 1) {
      expect((await reader.subscriptions(newCall())).failure).toMatchObject({ code: 'timeout' });
      world.now += minuteMs;
    }
    expect(world.askedHostinger).toBe(6);
  });
});
