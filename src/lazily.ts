/** What is made with its first use, and once. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

type Late = (...args: unknown[]) => Promise<unknown>;
/** Functions that answer later, by name. */
type Asynchronous<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> };

/**
 * A port (or resolvers) whose module is loaded with the first call of any of its functions: a start needs none of them, and most
 * agents use few.
 */
export function lazily<T extends Asynchronous<T>>(load: () => Promise<T>): T {
  const loaded = once(load);
  return new Proxy({} as T, {
    get(_, name) {
      // Nobody takes it for a promise, or for something to print.
      if (typeof name !== 'string' || name === 'then' || name === 'toJSON') return undefined;
      return async (...args: unknown[]) => {
        // Types are erased on purpose: whoever calls has them from T.
        const late = ((await loaded()) as Readonly<Record<string, unknown>>)[name] as Late | undefined;
        if (!late) throw new TypeError(`${name} is no function of this port`);
        return late(...args);
      };
    },
  });
}
