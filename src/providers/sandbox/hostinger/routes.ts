import { type HostingerTool, operationOf, operations } from '../../hostinger/api/operations.ts';

export interface Asked {
  /** Of the path, by the names of the template. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed; undefined when there is none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a part of the sandbox answers, by the name of the tool. */
export type Routes = { readonly [T in HostingerTool]?: (asked: Asked) => Answer };

export function found(body: unknown): Answer {
  return { status: 200, body };
}

/** A list that comes in pages of 50. */
export function paged(rows: readonly unknown[], { query }: Asked): Answer {
  const page = Math.max(1, Number(query.get('page') ?? 1));
  return found({ data: rows.slice((page - 1) * 50, page * 50), meta: { current_page: page, per_page: 50, total: rows.length } });
}

/** @param errors by field, as 422 has them */
export function problem(status: number, message: string, errors?: Readonly<Record<string, readonly string[]>>): Answer {
  return { status, body: { message, ...(errors ? { errors } : {}) } };
}

/** Answers a request by the part that has its route; each answer to a bad request carries a correlation id. */
export function createRouter(parts: readonly Routes[]): (method: string, target: string, body: unknown) => Answer {
  const routes = parts.flatMap((part) =>
    (Object.keys(part) as HostingerTool[]).map((tool) => ({ ...operationOf(tool), answer: part[tool] })),
  );
  const table = routes.map((route) => ({ ...route, pattern: new RegExp(`^${route.template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) }));
  const known = Object.keys(operations).map((tool) => operationOf(tool as HostingerTool).template.split('/{')[0] ?? '');
  let requests = 0;
  return (method, target, body) => {
    requests += 1;
    const { pathname, searchParams } = new URL(target, 'http://sandbox');
    for (const { method: own, pattern, answer } of table) {
      const match = own === method ? pattern.exec(pathname) : null;
      if (!match || !answer) continue;
      const path = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]));
      return withId(answer({ path, query: searchParams, body }), requests);
    }
    const near = known.some((start) => pathname.startsWith(start));
    return withId(near ? problem(404, 'Not found.') : problem(501, `The sandbox does not have ${method} ${pathname}.`), requests);
  };
}

function withId(answer: Answer, request: number): Answer {
  if (answer.status < 400) return answer;
  const correlation_id = `5a4d0b0c-0000-4000-8000-${String(request).padStart(12, '0')}`;
  return { status: answer.status, body: { ...(answer.body as object), correlation_id } };
}
