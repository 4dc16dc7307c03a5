/** Asked of a service at once. */
const atOnce = 8;

/** Runs `each` over all items, some at a time. After a failure none is begun; it is thrown when none is under way any more. */
export async function forEachOf<T>(items: Iterable<T>, each: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed: { error: unknown } | undefined;
  const work = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      try {
        await each(next.value);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failed) throw failed.error;
}
