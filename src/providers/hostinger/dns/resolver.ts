/**
 * Invariant: what policy decides on is what Hostinger has now, for zones that ziggie.yaml names and no other; nothing is cached.
 */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { DnsZoneTarget, TargetRef, ZoneRemoval } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import type { HostingerApi } from '../api/index.ts';
import { readDomains } from '../billing/domains.ts';
import { relativeName } from './canonical.ts';
import { readSnapshot, readZone } from './read.ts';
import { applyRemoval, takesProtected, type Zone } from './zone.ts';

/** The zone, and whether the change that is described would take NS or apex records from it as it is now. Throws `CallError`. */
export async function resolveZone(
  api: HostingerApi,
  zones: readonly string[],
  ref: TargetRef<'DnsZone'>,
  call: CallScope,
): Promise<Found<DnsZoneTarget>> {
  if (!zones.includes(ref.zone)) throw notConfigured(ref.zone, zones);
  const now = await readZone(api, ref.zone, call).catch((error: unknown) => whoseZone(api, ref.zone, error, call));
  const removesProtected = ref.removal ? takesProtected(now, await afterwards(api, ref.zone, now, ref.removal, call)) : false;
  const place = { provider: 'hostinger', account: 'hostinger', region: 'global' } as const;
  return { targets: [{ type: 'DnsZone', id: ref.zone, ...place, tags: {}, removesProtected }] };
}

async function afterwards(api: HostingerApi, zone: string, now: Zone, removal: ZoneRemoval, call: CallScope): Promise<Zone> {
  if (removal.kind === 'snapshot') return readSnapshot(api, zone, removal.id, call);
  const records = removal.records.map((record) => ({ ...record, name: relativeName(record.name, zone) }));
  return applyRemoval(now, { kind: 'records', records });
}

function notConfigured(zone: string, zones: readonly string[]): CallError {
  return new CallError('target_unresolved', `${zone} is none of the DNS zones of ziggie.yaml.`, {
    remedy:
      zones.length > 0
        ? `Use one of ${zones.join(', ')}; or a person adds ${zone} to hostinger.zones in ziggie.yaml.`
        : `A person should list the zones that agents may be let at under hostinger.zones in ziggie.yaml; there are none.`,
  });
}

/** Of a zone that Hostinger does not let us at: whether it is ours at all. Always throws. */
async function whoseZone(api: HostingerApi, zone: string, error: unknown, call: CallScope): Promise<never> {
  if (!(error instanceof CallError) || (error.code !== 'provider_not_found' && error.code !== 'provider_denied')) throw error;
  // The first answer is the one to show if this one fails as well.
  const domains = (await readDomains(api, call).catch(() => undefined))?.map(({ domain }) => domain);
  if (error.code === 'provider_denied' && (!domains || domains.includes(zone))) throw error;
  const theirs = domains?.length ? `Domains of this account: ${domains.slice(0, 20).join(', ')}. ` : '';
  throw new CallError('target_unresolved', `Hostinger has no DNS zone ${zone} in this account.`, {
    remedy: `${theirs}A person should correct hostinger.zones in ziggie.yaml, or check whose API token is used.`,
    cause: error,
  });
}
