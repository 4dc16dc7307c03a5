import { median } from '../figures.ts';
import { answerMessages } from '../processes.ts';
import { openStubbedServer } from '../stubbed-server.ts';

export interface BucketCosts {
  /** With S3's client loaded by it. */
  readonly firstMs: number;
  /** The most that the process ever held meanwhile, above what it held before. */
  readonly firstBytes: number;
  readonly warmMs: number;
  /** Keys that one walk through all pages brought, and how long it took. */
  readonly rows: number;
  readonly walkMs: number;
}

const warmCalls = 20;
const { call, close } = await openStubbedServer();

async function list(input: { limit: number; cursor?: string }) {
  const began = performance.now();
  const { objects, nextCursor } = await call<{ objects: unknown[]; nextCursor?: string }>('storage_list_objects', {
    bucket: 'ziggie-deployments',
    ...input,
  });
  return { rows: objects.length, nextCursor, ms: performance.now() - began };
}

async function measure(): Promise<BucketCosts> {
  // What any first call loads is not the bucket's.
  await call('instances_list', { limit: 25 });
  const before = process.memoryUsage().rss;
  const { ms: firstMs } = await list({ limit: 25 });
  const firstBytes = Math.max(0, process.memoryUsage().rss - before);
  const warm: number[] = [];
  for (let count = 0; count < warmCalls; count += 1) warm.push((await list({ limit: 25 })).ms);
  const began = performance.now();
  let page = await list({ limit: 100 });
  let { rows } = page;
  while (page.nextCursor) {
    page = await list({ limit: 100, cursor: page.nextCursor });
    rows += page.rows;
  }
  return { firstMs, firstBytes, warmMs: median(warm), rows, walkMs: performance.now() - began };
}

answerMessages(async () => ({ ...(await measure()) }), close);
