/** What was read of a list, and whether that was all of it. */
export interface Seen<T> {
  readonly items: readonly T[];
  readonly complete: boolean;
}

/** Reads page by page, at most `mostPages`: a review is bounded, and says so. */
export async function readAll<T>(
  mostPages: number,
  ask: (token: string | undefined) => Promise<{ items: readonly T[]; next?: string | undefined }>,
): Promise<Seen<T>> {
  const items: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { items: more, next } = await ask(token);
    items.push(...more);
    token = next || undefined;
    if (token === undefined) return { items, complete: true };
  }
  return { items, complete: false };
}
