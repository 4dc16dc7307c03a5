/** Functions that answer later, by name. */
// biome-ignore lint/suspicious/noExplicitAny: parameters differ from function to function, and are passed on as they are
type Asynchronous<T> = { readonly [K in keyof T]: (...args: any[]) => Promise<unknown> };

/**
 * A port (or resolvers) whose module is loaded with the first call of any of its functions: a start needs none of them, and most
 * agents use few.
 */
export function lazily<T extends Asynchronous<T>>(load: () => Promise<T>): T {
  let loading: Promise<T> | undefined;
  let loaded: T | undefined;
  const call = (part: T, name: string, args: unknown[]) => part[name as keyof T](...args);
  return new Proxy({} as T, {
    get(_, name) {
      // Nobody takes it for a promise, or for something to print.
      if (typeof name !== 'string' || name === 'then' || name === 'toJSON') return undefined;
      return async (...args: unknown[]) => {
        if (loaded) return call(loaded, name, args);
        loading ??= load();
        loaded = await loading;
        return call(loaded, name, args);
      };
    },
  });
}
