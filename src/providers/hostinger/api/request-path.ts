/**
 * Invariant: a path parameter stays one segment of the path that it was written for. A number is a positive integer, a text is a
 * domain name; `..`, a slash, an escape or an empty text never get as far as an address.
 */
import { CallError } from '../../../call/errors.ts';
import { type HostingerRequest, operationOf } from './operations.ts';

/** Labels of letters, digits and inner hyphens (RFC 1123, 2.1), two at least. */
const domainName = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i;

/** Path and query of a request, below the API's address. Throws `invalid_input`. */
export function requestPath({ tool, path, query = {} }: HostingerRequest): string {
  const parameters: Readonly<Record<string, string | number | undefined>> = path ?? {};
  const { template } = operationOf(tool);
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, parameters[name]));
  const search = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)])).toString();
  return search ? `${filled}?${search}` : filled;
}

function segment(name: string, value: string | number | undefined): string {
  if (typeof value === 'number' ? Number.isSafeInteger(value) && value > 0 : domainName.test(value ?? '')) {
    return encodeURIComponent(String(value));
  }
  throw new CallError('invalid_input', `${JSON.stringify(value)} is no ${name}. Nothing was sent.`, {
    remedy: name === 'domain' ? 'Give a domain like example.com.' : 'Give a whole number above 0, as the list of such things shows it.',
  });
}
