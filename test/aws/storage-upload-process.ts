import { basename, dirname } from 'node:path';
import { newAws, newCall } from './harness.ts';
import { objectOf } from './storage-world.ts';

/**
 * Uploads one file in a process of its own and prints what it cost: `node storage-upload-process.ts <endpoint> <file>`.
 * Memory is the peak of the whole process, less what it had when everything was loaded and the target resolved.
 */
const [endpoint, file = ''] = process.argv.slice(2);
const aws = newAws({ endpoint, storage: { workspace: dirname(file), maxShareMinutes: 60 } });
const call = newCall({ deadlineAt: Date.now() + 170_000 });
const target = await objectOf(aws, 'large/upload.bin', { call });
globalThis.gc?.();
const idle = process.memoryUsage().rss;
const stored = await aws.storage.put(target, { file: basename(file) }, call);
const grownBytes = process.resourceUsage().maxRSS * 1024 - idle;
process.stdout.write(
  JSON.stringify({ grownBytes, sizeBytes: stored.sizeBytes, effect: call.ledger.effect(), progress: call.messages.length }),
);
