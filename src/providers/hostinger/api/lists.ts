import { z } from 'zod';
import type { AskScope, HostingerApi, HostingerRequest } from './index.ts';

const mostPages = 20;

/**
 * All rows of a list that comes in pages of 50 (`{data, meta}`), or as a bare array. Throws `CallError`.
 * @returns `complete: false` when there are more than are read
 */
export async function readPages<T>(
  api: HostingerApi,
  request: HostingerRequest,
  row: z.ZodType<T>,
  call: AskScope,
): Promise<{ rows: T[]; complete: boolean }> {
  const meta = z.looseObject({ current_page: z.int(), per_page: z.int(), total: z.int() });
  const page = z.union([z.array(row), z.looseObject({ data: z.array(row), meta })]);
  const rows: T[] = [];
  for (let number = 1; number <= mostPages; number += 1) {
    const answer = await api.ask({ ...request, query: { ...request.query, ...(number > 1 ? { page: number } : {}) } }, page, call);
    if (Array.isArray(answer)) return { rows: answer, complete: true };
    rows.push(...answer.data);
    if (answer.data.length === 0 || rows.length >= answer.meta.total) return { rows, complete: true };
  }
  return { rows, complete: false };
}
