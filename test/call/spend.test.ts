import { afterEach, describe, expect, it } from 'vitest';
import { agent, createHarness, errorOf, type Harness, type HarnessOptions, outputOf, tagged } from './harness.ts';

/** Money on the road: what policy sees of it, what a denied caller hears, and caps. */

const ziggie = agent('agent-ziggie');
const launch = { provider: 'aws', region: 'eu-north-1', name: 'web-9', instanceType: 't3.micro', image: 'ami-0123456789abcdef0' };
const launching = { principal: ziggie, tool: 'instances_launch', input: launch };

let open: Harness | undefined;
async function road(options: HarnessOptions = {}): Promise<Harness> {
  open = await createHarness(options);
  return open;
}
afterEach(async () => {
  await open?.close();
  open = undefined;
});

describe('a launch', () => {
  it('within the budget runs', async () => {
    const calm = await road({ spend: { forecastCents: 9_000 } });
    expect(outputOf(await calm.invoke(launching))).toMatchObject({ id: tagged });
  });

  it('over the budget is denied with the numbers, and runs once a person approved it', async () => {
    const tight = await road({ spend: { forecastCents: 9_001 } });
    const refused = errorOf(await tight.invoke(launching));
    expect(refused).toMatchObject({ code: 'approval_required', effect: 'none' });
    for (const number of ['10.00 USD', '90.01 USD', '100.00 USD']) expect(refused.policy?.advice[0]).toContain(number);
    expect(tight.changed).toEqual([]);
    tight.approve(refused.approval?.id ?? '');
    expect(outputOf(await tight.invoke(launching))).toMatchObject({ id: tagged });
    expect(errorOf(await tight.invoke(launching)).code).toBe('approval_required');
  });

  const day = 24 * 3_600_000;
  it.each([
    ['nobody knows', 'unknown' as const],
    ['was read a day ago', { forecastAt: Date.now() - day, monthToDateAt: Date.now() - day }],
    ['lies ahead of the clock', { forecastAt: Date.now() + day }],
    ['is of another month', { month: '2020-01' }],
    ['is in another currency', { currency: 'EUR' }],
  ])('of which the spend %s asks a person, and says so', async (_, spend) => {
    const blind = await road({ spend });
    const refused = errorOf(await blind.invoke(launching));
    expect(refused.code).toBe('approval_required');
    expect(refused.policy?.advice[0]).toContain('come to unknown');
  });

  it('whose price nobody knows asks a person', async () => {
    const calm = await road();
    const refused = errorOf(await calm.invoke({ ...launching, input: { ...launch, instanceType: 'm9.huge' } }));
    expect(refused.code).toBe('approval_required');
    expect(refused.policy?.advice[0]).toContain('add unknown a month');
  });

  it('counts what was launched since the forecast was read, by whomever, and shortly before', async () => {
    const tight = await road({ spend: { forecastCents: 8_000, forecastAt: Date.now() - 3_600_000 } });
    for (const name of ['web-1', 'web-2']) outputOf(await tight.invoke({ ...launching, input: { ...launch, name } }));
    const refused = errorOf(await tight.invoke(launching));
    expect(refused.code).toBe('approval_required');
    expect(refused.policy?.advice[0]).toContain('come to 100.00 USD');
    // A plan leaves nothing behind.
    await tight.invoke({ ...launching, input: { ...launch, dryRun: true } });
    expect(errorOf(await tight.invoke(launching)).policy?.advice[0]).toContain('come to 100.00 USD');
  });

  it('at the same moment as others is decided on with what they add', async () => {
    const tight = await road({ spend: { forecastCents: 8_000 } });
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => tight.invoke({ ...launching, input: { ...launch, name: `web-${index}` } })),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(2);
    const codes = new Set(results.filter(({ ok }) => !ok).map((result) => errorOf(result).code));
    expect([...codes].every((code) => code === 'overloaded' || code === 'approval_required')).toBe(true);
    expect(tight.events.filter((event) => event === 'EFFECT')).toHaveLength(2);
  });

  it('is explained with the same numbers', async () => {
    const tight = await road({ spend: { forecastCents: 9_500 } });
    const explained = outputOf(
      await tight.invoke({ principal: ziggie, tool: 'access_explain', input: { tool: 'instances_launch', input: launch } }),
    );
    expect(explained).toMatchObject({ decision: 'approval_required', policies: ['launch-within-budget'] });
    expect(JSON.stringify(explained.advice)).toContain('95.00 USD');
    expect(explained.spend).toMatchObject({ monthlyCost: '10.00 USD', forecast: '95.00 USD', budget: '100.00 USD' });
  });
});

describe('a monthly cap', () => {
  it('holds, however many launch at once', async () => {
    const capped = await road({ monthlyCapCents: 3_500 });
    const results = await Promise.all(Array.from({ length: 12 }, () => capped.invoke(launching)));
    const refused = results.filter(({ ok }) => !ok).map(errorOf);
    expect(results.filter(({ ok }) => ok)).toHaveLength(3);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['quota_exceeded']));
    expect(refused[0]?.message).toContain('35.00 USD a month, of which 30.00 USD are used');
    expect(capped.events.filter((event) => event === 'EFFECT')).toHaveLength(3);
  });

  it('is not used up by a plan, nor by a call that had no effect', async () => {
    const capped = await road({ monthlyCapCents: 1_000 });
    capped.brokenPhases.add('intent');
    expect(errorOf(await capped.invoke(launching)).code).toBe('audit_unavailable');
    capped.brokenPhases.clear();
    await capped.invoke({ ...launching, input: { ...launch, dryRun: true } });
    outputOf(await capped.invoke(launching));
    expect(errorOf(await capped.invoke({ ...launching, input: { ...launch, dryRun: true } })).code).toBe('quota_exceeded');
  });

  it('is said before a person is asked for what it refuses, and waiting for one takes nothing of it', async () => {
    const capped = await road({ monthlyCapCents: 1_000, spend: 'unknown' });
    const { approval } = errorOf(await capped.invoke(launching));
    expect(errorOf(await capped.invoke({ ...launching, input: { ...launch, name: 'web-10' } })).code).toBe('approval_required');
    capped.approve(approval?.id ?? '');
    outputOf(await capped.invoke(launching));
    expect(errorOf(await capped.invoke({ ...launching, input: { ...launch, name: 'web-11' } })).code).toBe('quota_exceeded');
    expect(
      capped.store
        .listApprovals({})
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['consumed', 'pending']);
  });

  it('counts what was launched as the instance that it became: starting it adds nothing', async () => {
    const capped = await road({ monthlyCapCents: 1_000 });
    outputOf(await capped.invoke(launching));
    const running = capped.cloud.get(tagged);
    if (running) capped.cloud.set(tagged, { ...running, state: 'stopped' });
    outputOf(await capped.invoke({ principal: ziggie, tool: 'instances_start', input: { provider: 'aws', id: tagged } }));
    expect(errorOf(await capped.invoke(launching)).code).toBe('quota_exceeded');
  });

  it('counts an instance once, however often it is started', async () => {
    const capped = await road({ monthlyCapCents: 1_000 });
    const known = capped.cloud.get(tagged);
    if (known) capped.cloud.set(tagged, { ...known, state: 'stopped' });
    for (let time = 0; time < 3; time += 1)
      outputOf(await capped.invoke({ principal: ziggie, tool: 'instances_start', input: { provider: 'aws', id: tagged } }));
    expect(errorOf(await capped.invoke(launching)).code).toBe('quota_exceeded');
  });

  it('refuses what has no price', async () => {
    const capped = await road({ monthlyCapCents: 1_000_000 });
    const input = { ...launch, instanceType: 'm9.huge' };
    expect(errorOf(await capped.invoke({ ...launching, input }))).toMatchObject({ code: 'quota_exceeded', effect: 'none' });
  });

  it('counts a repeated call with one key once', async () => {
    const capped = await road({ monthlyCapCents: 2_000 });
    const keyed = { ...launching, idempotencyKey: 'web-9' };
    for (let time = 0; time < 3; time += 1) outputOf(await capped.invoke(keyed));
    outputOf(await capped.invoke(launching));
    expect(errorOf(await capped.invoke(launching)).code).toBe('quota_exceeded');
  });

  it('is for nobody who was given none', async () => {
    const free = await road();
    for (let time = 0; time < 5; time += 1) outputOf(await free.invoke(launching));
  });
});
