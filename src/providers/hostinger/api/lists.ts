import { z } from 'zod';
import { CallError } from '../../../call/errors.ts';
import type { AskScope, HostingerApi, HostingerRequest } from './index.ts';

const mostPages = 20;

/**
 * Rows of a list that comes in pages of 50 (`{data, meta}`), or as a bare array, each once. Throws `CallError`.
 * @param keyOf what a row has for itself: rows that come and go meanwhile shift the others between pages
 * @returns `complete: false` when there are more than are read, and when rows came or went between two pages
 */
export async function readPages<T>(
  api: HostingerApi,
  request: HostingerRequest,
  row: z.ZodType<T>,
  keyOf: (row: T) => unknown,
  call: AskScope,
): Promise<{ rows: T[]; complete: boolean }> {
  const meta = z.looseObject({ current_page: z.int(), per_page: z.int(), total: z.int() });
  const page = z.union([z.array(row), z.looseObject({ data: z.array(row), meta })]);
  const rows = new Map<unknown, T>();
  const totals = new Set<number>();
  let read = 0;
  for (let number = 1; number <= mostPages; number += 1) {
    const answer = await api.ask({ ...request, query: { ...request.query, ...(number > 1 ? { page: number } : {}) } }, page, call);
    if (Array.isArray(answer)) return { rows: answer, complete: true };
    for (const each of answer.data) rows.set(keyOf(each), each);
    const { total } = answer.meta;
    totals.add(total);
    read += answer.data.length;
    if (answer.data.length === 0 || read >= total) return { rows: [...rows.values()], complete: totals.size === 1 && rows.size === total };
  }
  return { rows: [...rows.values()], complete: false };
}

/** All rows, for what must not be told of a part. Throws `CallError`, `provider_unavailable` where `readPages` is not complete. */
export async function readAll<T>(
  api: HostingerApi,
  request: HostingerRequest,
  row: z.ZodType<T>,
  keyOf: (row: T) => unknown,
  call: AskScope,
): Promise<T[]> {
  const { rows, complete } = await readPages(api, request, row, keyOf, call);
  if (complete) return rows;
  throw new CallError('provider_unavailable', `The list of ${request.tool} changed while it was read, or is longer than is read here.`, {
    remedy: 'Try again in a minute.',
    retryable: true,
    provider: { code: 'IncompleteList' },
  });
}
