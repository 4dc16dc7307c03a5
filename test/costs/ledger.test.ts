import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findUncanonical } from '../../src/call/canonical.ts';
import type { CallError } from '../../src/call/errors.ts';
import { createLedger } from '../../src/costs/ledger.ts';
import type { NewEntry } from '../../src/ports/costs.ts';
import { costsRecord } from '../../src/tools/costs/record.ts';
import { newCall, type TestCall } from '../aws/harness.ts';
import { newStore, type TestStore } from './test-store.ts';

const now = () => Date.parse('2026-11-22T12:00:00Z');
let world: TestStore;
let ledger: ReturnType<typeof createLedger>;
beforeEach(() => {
  world = newStore();
  ledger = createLedger({
    store: world.store,
    now,
    nearest: (word, candidates) => candidates.find((each) => each[0] === word[0]?.toUpperCase()),
  });
});
afterEach(() => world.close());

const licence: NewEntry = {
  date: '2026-11-03',
  months: 12,
  vendor: 'Figma',
  description: 'seats',
  amount: '144.00',
  currency: 'EUR',
  team: 'web',
};

async function refusal(doing: Promise<unknown>): Promise<CallError> {
  return doing.then(
    () => {
      throw new Error('was not refused');
    },
    (error: CallError) => error,
  );
}

const record = (entry: Partial<NewEntry> = {}, call: TestCall = newCall()) => ledger.record({ ...licence, ...entry }, call);

describe('an entry', () => {
  it('is written as it was given, and says what it is called', async () => {
    const call = newCall();
    const recorded = await record({}, call);
    expect(recorded).toEqual({ id: expect.stringMatching(/^ent_[0-9a-f]{12}$/), month: '2026-11', amount: '144.00 EUR' });
    expect(world.store.costEntries()).toEqual([
      {
        id: recorded.id,
        recordedAt: now(),
        recordedBy: 'agent-ziggie',
        date: '2026-11-03',
        months: 12,
        vendor: 'Figma',
        description: 'seats',
        currency: 'EUR',
        cents: 14_400,
        team: 'web',
      },
    ]);
    expect(call.attempts).toEqual(['applied']);
  });

  it('may be money back, a cent, or of a day with one decimal', async () => {
    for (const [amount, cents] of [
      ['-10', -1_000],
      ['0.01', 1],
      ['7.5', 750],
      ['999999999.99', 99_999_999_999],
    ] as const) {
      await record({ amount });
      expect(world.store.costEntries().at(-1)?.cents).toBe(cents);
    }
  });

  it('is written once by a call that is repeated under its key', async () => {
    const [first, again] = [newCall({ clientToken: 'key' }), newCall({ clientToken: 'key' })];
    expect(await record({}, again)).toEqual(await record({}, first));
    expect(world.store.costEntries().length).toBe(1);
    expect([...first.attempts, ...again.attempts]).toEqual(['applied']);
  });

  it('is only planned in a dry run', async () => {
    const call = newCall({ dryRun: true });
    expect(await record({}, call)).toEqual({
      month: '2026-11',
      amount: '144.00 EUR',
      plan: { current: {}, change: { date: '2026-11-03', months: '12', amount: '144.00 EUR' }, providerChecked: false },
    });
    expect(world.store.costEntries()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it.each<[string, Partial<NewEntry>, RegExp, RegExp]>([
    ['an unknown currency', { currency: 'EUX' }, /EUX is no currency/, /Did you mean E/],
    ['a currency that is like no other', { currency: '?' }, /\? is no currency/, /code like USD/],
    ['a currency in lower case', { currency: 'eur' }, /eur is no currency/, /Did you mean E/],
    ['a malformed date', { date: '3.11.2026' }, /"3.11.2026" is no date/, /2026-11-22/],
    ['a day that does not exist', { date: '2026-02-30' }, /no date/, /a day like/],
    ['29 February of a common year', { date: '2026-02-29' }, /no date/, /a day like/],
    ['more than five years ago', { date: '2021-11-21' }, /too far away/, /2021-11-22 to 2027-11-22/],
    ['more than a year ahead', { date: '2027-11-23' }, /too far away/, /2021-11-22 to 2027-11-22/],
    ['nothing', { amount: '0.00' }, /is zero/, /money back/],
    ['less than nothing', { amount: '-0' }, /is zero/, /money back/],
    ['parts of a cent', { amount: '1.005' }, /more than two decimals/, /Round it/],
    ['an amount with a comma', { amount: '1,50' }, /"1,50" is no amount/, /like 12.34/],
    ['an amount with an exponent', { amount: '1e3' }, /no amount/, /like 12.34/],
    ['a billion', { amount: '1000000000' }, /no amount/, /below a billion/],
    ['no month', { months: 0 }, /0 is no number of months/, /1 to 120/],
    ['more than ten years', { months: 121 }, /121 is no number/, /1 to 120/],
    ['a line break in the description', { description: 'seats\nBcc: x' }, /description holds a line break/, /one line/],
    ['an escape in the vendor', { vendor: 'Fig\u001bma' }, /vendor holds/, /one line/],
    ['a line separator in the team', { team: 'web\u2028' }, /team holds/, /one line/],
    ['no vendor', { vendor: ' ' }, /vendor has 0 characters/, /1 to 80/],
    ['a very long application', { application: 'a'.repeat(129) }, /application has 129/, /1 to 128/],
  ])('is refused with %s, and nothing is written', async (_, bad, message, remedy) => {
    const call = newCall();
    const error = await refusal(record(bad, call));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.details.remedy).toMatch(remedy);
    expect(world.store.costEntries()).toEqual([]);
    expect(call.attempts).toEqual([]);
    // A plan is refused for the same reason.
    expect((await refusal(record(bad, newCall({ dryRun: true })))).message).toBe(error.message);
  });

  it('may be five years old, or a year ahead', async () => {
    await record({ date: '2021-11-22' });
    await record({ date: '2027-11-22' });
    expect(world.store.costEntries().length).toBe(2);
  });
});

it('that could not be written has changed nothing, and says so', async () => {
  const broken = createLedger({
    store: {
      ...world.store,
      costEntries: () => [],
      appendCostEntry: () => {
        throw new Error('the disk is full');
      },
    },
    now,
    nearest: () => undefined,
  });
  const call = newCall();
  await expect(broken.record(licence, call)).rejects.toThrow('the disk is full');
  expect(call.attempts).toEqual(['refused']);
});

describe('a correction', () => {
  const correct = (id: string | undefined, amount: string, call = newCall(), why = 'typo') => ledger.correct(id ?? '', amount, why, call);

  it('is an entry of the difference, where and when the first is', async () => {
    const { id } = await record();
    const second = await correct(id, '120.50');
    expect(second).toMatchObject({ month: '2026-11', amount: '120.50 EUR', corrects: id });
    expect(world.store.costEntries()[1]).toEqual({
      ...world.store.costEntries()[0],
      id: second.id,
      description: 'typo',
      cents: -2_350,
      corrects: id,
    });
    await correct(id, '0');
    await correct(id, '-5');
    expect(world.store.costEntries().map(({ cents }) => cents)).toEqual([14_400, -2_350, -12_050, -500]);
  });

  it('makes an entry what it should have been, however often it is corrected', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -99_999, max: 99_999 }), { minLength: 1, maxLength: 5 }), async (amounts) => {
        const { id } = await record({ months: 1 });
        const sum = () =>
          world.store
            .costEntries()
            .filter((each) => each.id === id || each.corrects === id)
            .reduce((all, { cents }) => all + cents, 0);
        for (const cents of amounts) {
          if (cents !== sum()) await correct(id, (cents / 100).toFixed(2));
          expect(sum()).toBe(cents);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('is written once under its key, and planned in a dry run', async () => {
    const { id } = await record();
    const plan = await correct(id, '100', newCall({ dryRun: true }));
    expect(plan).toMatchObject({
      amount: '100.00 EUR',
      plan: { current: { amount: '144.00 EUR' }, change: { amount: '100.00 EUR', entry: '-44.00 EUR' } },
    });
    expect(plan).not.toHaveProperty('id');
    expect(world.store.costEntries().length).toBe(1);
    const keyed = () => newCall({ clientToken: 'key' });
    expect(await correct(id, '100', keyed())).toEqual(await correct(id, '100', keyed()));
    expect(world.store.costEntries().length).toBe(2);
  });

  it.each<[string, (id: string, correction: string) => [string, string, string], RegExp, RegExp]>([
    ['an unknown entry', () => ['ent_000000000000', '1', 'typo'], /no entry ent_0+/, /costs_breakdown by entry/],
    ['a correction', (_, correction) => [correction, '1', 'typo'], /is a correction itself/, /Correct ent_/],
    ['an entry to what it is', (id) => [id, '100.00', 'typo'], /comes to 100.00 EUR already/, /should have been/],
    ['an entry by parts of a cent', (id) => [id, '1.001', 'typo'], /two decimals/, /Round it/],
    ['an entry without saying why', (id) => [id, '1', ''], /description has 0/, /1 to 200/],
  ])('of %s is refused, and nothing is written', async (_, arguments_, message, remedy) => {
    const { id = '' } = await record();
    const { id: correction = '' } = await correct(id, '100');
    const call = newCall();
    const error = await refusal(ledger.correct(...arguments_(id, correction), call));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.details.remedy).toMatch(remedy);
    expect(world.store.costEntries().length).toBe(2);
    expect(call.attempts).toEqual([]);
    // The next one is not held up by it.
    await correct(id, '99');
  });

  it('waits for another that is being written', async () => {
    const { id } = await record();
    const lease = world.store.takeLease('cost ledger', 'another process', now(), 60_000);
    const error = await refusal(correct(id, '1'));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { retryable: true } });
    expect(await correct(id, '1', newCall({ dryRun: true }))).toHaveProperty('plan');
    expect(world.store.costEntries().length).toBe(1);
    if ('token' in lease) world.store.releaseLease('cost ledger', lease.token);
    await correct(id, '1');
  });
});

describe('costs_record', () => {
  const check = (input: Record<string, unknown>) => costsRecord.check?.({ amount: '1', description: 'x', ...input });

  it('takes either a new entry or a correction', () => {
    expect(check({ date: '2026-11-01', vendor: 'Figma', currency: 'EUR' })).toBeUndefined();
    expect(check({ corrects: 'ent_1' })).toBeUndefined();
    expect(check({ vendor: 'Figma', currency: 'EUR' })).toMatch('date, vendor and currency are needed');
    expect(check({ corrects: 'ent_1', currency: 'EUR', months: 2 })).toMatch('not currency, months');
  });

  it('takes vendors and descriptions as text for people, which may hold slashes', () => {
    const texts = { vendor: '=HYPERLINK("http://x")', description: 'see https://example.com/../a\\b' };
    expect(findUncanonical({ amount: '1', ...texts }, costsRecord.freeText)).toBeUndefined();
  });

  it('tells the ledger which of the two it is', async () => {
    const run = (input: Record<string, unknown>) =>
      costsRecord.run({ costs: ledger } as never, [] as never, { amount: '5', description: 'seats', ...input }, newCall() as never);
    const { id } = (await run({ date: '2026-11-01', vendor: 'Figma', currency: 'EUR', application: 'shop' })) as { id: string };
    await run({ corrects: id, amount: '4' });
    expect(world.store.costEntries()).toMatchObject([
      { cents: 500, months: 1, application: 'shop' },
      { cents: -100, corrects: id },
    ]);
  });
});
