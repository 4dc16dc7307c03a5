import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { server } from '../fields.ts';

/** A part: what a conversation can take at once. */
const partBytes = 16_384;

export const vpsReadFile = defineOperation('vps', {
  name: 'vps_read_file',
  title: 'Read a file of a server',
  description:
    'Reads up to 16 KiB of a text file over SSH, below the folders that ziggie.yaml opens (by default /var/log). Continue at nextOffset; for the end of a log give an offset near sizeBytes.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({
    server,
    path: z.string().max(1_024).regex(/^\//, 'expected an absolute path'),
    offset: z.int().min(0).default(0),
  }),
  output: z.object({
    path: z.string(),
    sizeBytes: z.int(),
    text: untrusted(z.string(), partBytes),
    nextOffset: z.int().optional(),
  }),
  entity: 'Instance',
  targets: ({ server }) => [{ type: 'Instance', provider: 'hostinger', id: server, offline: true }],
  run: ({ vps }, [target], { path, offset }, call) => vps.readFile(target, { path, offset, maxBytes: partBytes }, call),
});
