import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCosts } from '../../src/costs/index.ts';
import { failure, newCall, sandboxAws } from '../aws/harness.ts';
import { main, newWorld } from './world.ts';

/** Over the real adapter and the SDK, below which the sandbox answers. */
const now = () => Date.parse('2026-11-20T12:00:00Z');
let world: ReturnType<typeof newWorld>;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

function open(requestsPerDay: number) {
  const { costs: aws } = sandboxAws({ now });
  const nothing = async () => [];
  const settings = { ...world.settings, requestsPerDay };
  const hostinger = { subscriptions: nothing, machines: nothing };
  return createCosts({ aws, hostinger, store: world.store, settings, everything: ['main'], nearest: () => undefined, now });
}
const declared = (...iam: string[]) => newCall({ iam });

it('this month and its forecast cost two requests, under what their tools declare, and are told to decisions', async () => {
  const costs = open(2);
  const current = await costs.current([main], declared('ce:GetCostAndUsage'));
  const forecast = await costs.forecast([main], declared('ce:GetCostAndUsage', 'ce:GetCostForecast'));
  expect(forecast).toMatchObject({ forecasts: [{ basis: 'aws', soFar: current.totals[0]?.total }] });
  expect(costs.reader.requestsToday()).toBe(2);
  const [{ soFar = '', forecast: expected = '', low = '', high = '' } = {}] = forecast.forecasts;
  const inOrder = [soFar, low, expected, high].map(Number);
  expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
  expect(world.store.spend()).toMatchObject({
    monthToDateCents: Math.round(Number(soFar) * 100),
    forecastCents: Math.round(Number(expected) * 100),
  });
});

it('what is beyond the ceiling does not leave', async () => {
  const costs = open(1);
  await costs.current([main], declared('ce:GetCostAndUsage'));
  expect(await failure(costs.month([main], '2026-09', declared('ce:GetCostAndUsage', 'ce:GetAnomalies')))).toMatchObject({
    code: 'quota_exceeded',
  });
  expect(costs.reader.requestsToday()).toBe(1);
});
