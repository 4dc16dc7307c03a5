import { median } from '../figures.ts';
import { answerMessages } from '../processes.ts';
import { openStubbedServer } from '../stubbed-server.ts';

export interface InventoryCosts {
  readonly firstMs: number;
  /** What the first call added to memory: Cedar and the EC2 client, whatever the size of the fleet. */
  readonly loadedBytes: number;
  readonly warmMs: number;
  /** Rows that one walk through all pages brought, and how long it took. */
  readonly rows: number;
  readonly walkMs: number;
  /** The most that first pages ever held above what the server held before the first call, in bytes; and with the walk. */
  readonly aboveIdleBytes: number;
  readonly walkBytes: number;
}

const warmCalls = 20;

const { call, close } = await openStubbedServer();

async function list(input: { limit: number; cursor?: string }) {
  const began = performance.now();
  const { instances, nextCursor } = await call<{ instances: unknown[]; nextCursor?: string }>('instances_list', input);
  return { rows: instances.length, nextCursor, ms: performance.now() - began };
}

async function measure(): Promise<InventoryCosts> {
  const idleBytes = process.memoryUsage().rss;
  const { ms: firstMs } = await list({ limit: 25 });
  const loadedBytes = process.memoryUsage().rss - idleBytes;
  const warm: number[] = [];
  for (let call = 0; call < warmCalls; call += 1) warm.push((await list({ limit: 25 })).ms);
  const mostBytes = () => process.resourceUsage().maxRSS * 1_024 - idleBytes;
  const aboveIdleBytes = mostBytes();
  const began = performance.now();
  let page = await list({ limit: 100 });
  let { rows } = page;
  while (page.nextCursor) {
    page = await list({ limit: 100, cursor: page.nextCursor });
    rows += page.rows;
  }
  const walkMs = performance.now() - began;
  return { firstMs, loadedBytes, warmMs: median(warm), rows, walkMs, aboveIdleBytes, walkBytes: mostBytes() };
}

answerMessages(async () => ({ ...(await measure()) }), close);
