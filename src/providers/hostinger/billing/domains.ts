import { z } from 'zod';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { readAll } from '../api/lists.ts';

export interface Domain {
  readonly domain: string;
  /** `domain`, `free_domain`; Hostinger's words. */
  readonly type: string;
  /** `active`, `expired`, …; Hostinger's words. */
  readonly status: string;
  /** ISO. */
  readonly expiresAt?: string;
}

const row = z.looseObject({
  id: z.int().nullish(),
  /** Null for a free domain that nobody has claimed. */
  domain: z.string().nullish(),
  type: z.string(),
  status: z.string(),
  expires_at: z.string().nullish(),
});

/** Every domain of the account, by name. Throws `CallError`. */
export async function readDomains(api: HostingerApi, call: AskScope): Promise<Domain[]> {
  const rows = await readAll(api, { tool: 'domains_getDomainListV1' }, row, ({ id, domain }) => id ?? domain, call);
  return rows
    .flatMap(({ domain, type, status, expires_at }) =>
      domain ? [{ domain: domain.toLowerCase(), type, status, ...(expires_at ? { expiresAt: expires_at } : {}) }] : [],
    )
    .sort((a, b) => (a.domain < b.domain ? -1 : 1));
}
