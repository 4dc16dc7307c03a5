import type { DnsPort } from '../../src/ports/dns.ts';
import type { DnsZoneTarget, Resolved, TargetRef, ZoneRemoval } from '../../src/ports/domain.ts';
import { createHostingerApi, type HostingerApi } from '../../src/providers/hostinger/api/index.ts';
import { createDns } from '../../src/providers/hostinger/dns/index.ts';
import { createBillingRoutes } from '../../src/providers/sandbox/hostinger/billing.ts';
import { SandboxDispatcher } from '../../src/providers/sandbox/hostinger/dispatcher.ts';
import { createDnsRoutes } from '../../src/providers/sandbox/hostinger/dns.ts';
import { type Answer, createRouter } from '../../src/providers/sandbox/hostinger/routes.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { newCall, resolved, type TestCall } from '../aws/harness.ts';
import { violations } from './official.ts';

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly body: unknown;
}

export const zone = 'ziggie.example';

/** Zones that know nothing of each other; what a test puts into `instead` answers before them. */
export function newWorld({ zones = [zone], configured = zones }: { zones?: string[]; configured?: string[] } = {}) {
  const asked: Asked[] = [];
  const world: { instead?: (asked: Asked) => Answer | undefined } = {};
  const now = () => Date.parse('2026-11-20T12:00:00Z');
  const router = createRouter([
    createDnsRoutes({ zones, ip: '203.0.113.7', now }),
    createBillingRoutes({ zones, servers: [{ id: 17_923, name: 'vps-1' }], now }),
  ]);
  const dispatcher = new SandboxDispatcher((method, target, body) => {
    asked.push({ method, target, body });
    const wrong = violations({ method, target, body });
    if (wrong.length > 0) throw new Error(`requests that Hostinger does not know: ${wrong.join(', ')}`);
    return world.instead?.({ method, target, body }) ?? router(method, target, body);
  });
  const api: HostingerApi = createHostingerApi({
    baseUrl: 'http://hostinger.invalid',
    token: async () => 'not-a-token',
    refreshToken: async () => false,
    guard: createGuard(),
    dispatcher: async () => dispatcher,
    limit: { burst: 100_000, perMinute: 6_000_000 },
    retryPauseMs: 1,
  });
  const { port, resolvers } = createDns({ api, zones: configured, pollMs: 1 });
  const resolve = async (ref: Omit<TargetRef<'DnsZone'>, 'type'>, call: TestCall = newCall()): Promise<Resolved<DnsZoneTarget>> => {
    const { targets } = await resolvers.DnsZone({ type: 'DnsZone', ...ref }, call);
    return resolved(targets[0] as DnsZoneTarget);
  };
  return Object.assign(world, {
    api,
    asked,
    router,
    port: port as DnsPort,
    resolve,
    target: (removal?: ZoneRemoval) => resolve({ zone, ...(removal ? { removal } : {}) }),
    /** Requests that change a zone. */
    changes: () => asked.filter(({ method, target }) => method === 'PUT' || method === 'DELETE' || target.endsWith('/restore')),
    paths: () => asked.map(({ method, target }) => `${method} ${target}`),
    forget: () => asked.splice(0),
  });
}

export type World = ReturnType<typeof newWorld>;

/** A zone that says yes to everything that a change may do, as a call with an approval has it. */
export function approved(facts: Partial<DnsZoneTarget> = {}): Resolved<DnsZoneTarget> {
  const place = { provider: 'hostinger', account: 'hostinger', region: 'global' } as const;
  return resolved({ type: 'DnsZone', id: zone, ...place, tags: {}, removesProtected: true, ...facts });
}

export async function recordsOf({ port }: World, name?: string) {
  const { records } = await port.records(approved(), { limit: 100, name }, newCall());
  return records;
}
