import { z } from 'zod';
import { defineOperation, freeText, mayReferToSecrets, untrusted } from '../../call/operation.ts';
import { server } from '../fields.ts';

export const vpsRunCommand = defineOperation('vps', {
  name: 'vps_run_command',
  title: 'Run a command on a server',
  description:
    'Runs a command of ziggie.yaml once over SSH; an unknown name is answered with those there are. Shell text needs a person to approve it. An exit code other than 0 is an answer. Shows the last 8 KiB of output.',
  effect: 'destructive',
  retry: 'never',
  iam: [],
  input: z.strictObject({
    server,
    command: z
      .string()
      .max(63)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected the name of a command in ziggie.yaml')
      .optional(),
    params: z.record(z.string().max(31), freeText(z.string().max(1_000))).optional(),
    references: mayReferToSecrets(
      z.record(
        z.string().max(31),
        z
          .string()
          .max(600)
          .regex(/^(secret:\/\/\S+|\{\{resolve:[^{}]+\}\})$/, 'expected a reference and nothing else: secret://name#field'),
      ),
    )
      .optional()
      .describe('Secret parameters: secret://name#field'),
    shell: freeText(z.string().min(1).max(4_096)).optional(),
  }),
  output: z.object({
    exitCode: z.int().optional(),
    signal: untrusted(z.string(), 40).optional(),
    timedOut: z.boolean().optional(),
    stdout: untrusted(z.string(), 8_192),
    stderr: untrusted(z.string(), 8_192),
    cut: z.boolean(),
  }),
  entity: 'Instance',
  check: ({ command, params, references, shell }) => {
    if ((command === undefined) === (shell === undefined)) return 'give exactly one of command and shell.';
    return shell !== undefined && (params || references) ? 'params and references go with command, not with shell.' : undefined;
  },
  approvalOnly: ({ shell }) => shell !== undefined,
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server, offline: true }],
  run: ({ vps }, [target], { command = '', params = {}, references = {}, shell }, call) =>
    vps.run(
      target,
      shell === undefined ? { kind: 'named', name: command, params, secrets: references } : { kind: 'shell', text: shell },
      call,
    ),
});
