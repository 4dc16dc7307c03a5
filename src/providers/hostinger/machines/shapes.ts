import { z } from 'zod';

/** What is read of Hostinger's answers (API reference, models below `VPS.V1`); what else they hold is let pass. */

const address = z.looseObject({ address: z.string() });

export const machine = z.looseObject({
  id: z.int().positive(),
  hostname: z.string(),
  state: z.string(),
  plan: z.string().nullish(),
  data_center_id: z.int().nullish(),
  subscription_id: z.string().nullish(),
  firewall_group_id: z.int().nullish(),
  ipv4: z.array(address).nullish(),
  ipv6: z.array(address).nullish(),
  template: z.looseObject({ name: z.string() }).nullish(),
  created_at: z.string().nullish(),
});
export type Machine = z.output<typeof machine>;

/** `created`, `sent` and `delayed` are under way; `success` and `error` are final. */
export const action = z.looseObject({ id: z.int().positive(), name: z.string(), state: z.string() });
export type Action = z.output<typeof action>;

/** Without a snapshot Hostinger answers 404, or an object without a date. */
export const snapshot = z.union([
  z.looseObject({ created_at: z.string(), expires_at: z.string().nullish() }),
  z.looseObject({ created_at: z.null().optional() }).nullable(),
  z.array(z.never()),
]);

export const backup = z.looseObject({ id: z.int().positive(), location: z.string().nullish(), created_at: z.string() });

/** Measurements by Unix time in seconds; an empty one comes as an empty array. */
const measurements = z
  .looseObject({ unit: z.string(), usage: z.union([z.record(z.string(), z.number().nullable()), z.array(z.never())]) })
  .nullish();
export const metrics = z.looseObject({
  cpu_usage: measurements,
  ram_usage: measurements,
  disk_space: measurements,
  incoming_traffic: measurements,
  outgoing_traffic: measurements,
});

export const firewall = z.looseObject({
  id: z.int().positive(),
  name: z.string(),
  is_synced: z.boolean().nullish(),
  rules: z
    .array(
      z.looseObject({
        action: z.string().nullish(),
        protocol: z.string(),
        port: z.string().nullish(),
        source: z.string(),
        source_detail: z.string().nullish(),
      }),
    )
    .nullish(),
});
export type Firewall = z.output<typeof firewall>;
export type FirewallRule = NonNullable<Firewall['rules']>[number];
