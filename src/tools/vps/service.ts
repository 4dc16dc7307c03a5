import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { server } from '../fields.ts';

export const vpsService = defineOperation('vps', {
  name: 'vps_service',
  title: 'Look at or change a service',
  description:
    'State and newest journal lines of a systemd unit of a server, after starting, stopping or restarting it if asked. Only units that ziggie.yaml opens (by default ziggie-*). A restart interrupts its users.',
  effect: 'write',
  retry: 'never',
  iam: [],
  input: z.strictObject({
    server,
    service: z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9][\w.@:-]*$/, 'expected the name of a systemd unit'),
    action: z.enum(['status', 'start', 'stop', 'restart']).default('status'),
    journalLines: z.int().min(0).max(50).default(10),
  }),
  output: z.object({
    service: z.string(),
    state: untrusted(z.string(), 60),
    subState: untrusted(z.string(), 60),
    enabled: untrusted(z.string(), 60),
    since: untrusted(z.string(), 60).optional(),
    pid: z.int().optional(),
    journal: z.array(untrusted(z.string(), 500)),
  }),
  entity: 'Instance',
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server, offline: true }],
  run: ({ vps }, [target], { service, action, journalLines }, call) => vps.service(target, { service, action, journalLines }, call),
});
