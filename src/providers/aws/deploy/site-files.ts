import { contentTypeOf } from '../storage/content-type.ts';
import type { ObjectHeaders } from './upload-stream.ts';

/** Key of metadata that tells which version a switched document is of. */
export const versionMark = 'ziggie-version';

/** Where a site keeps what is not public: behind an underscore, which no path of an artifact may begin with. */
export function siteKeys(prefix: string) {
  return {
    releases: `${prefix}_releases/`,
    objects: `${prefix}_objects/`,
    before: `${prefix}_before/`,
    manifest: (version: string) => `${prefix}_releases/${version}.json`,
    object: (sha256: string) => `${prefix}_objects/${sha256}`,
    /** What was at a path before the first release. */
    earlier: (path: string) => `${prefix}_before/${path}`,
    page: (path: string) => `${prefix}${path}`,
  };
}

export const reservedFolders = ['_releases', '_objects', '_before'];

/**
 * What browsers and CloudFront are told of a file. Only a name that changes with its content may be kept for good: what keeps its name
 * is asked for anew each time (RFC 9111, "no-cache"; an answer of 304 costs little), or a browser would show two versions mixed.
 */
export function headersFor(path: string, isEntry: boolean, version: string): ObjectHeaders {
  return {
    ContentType: contentTypeOf(path, false),
    CacheControl: !isEntry && isFingerprinted(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(isEntry ? { Metadata: { [versionMark]: version } } : {}),
  };
}

/** `app.3f2a9c1b.js`, `index-B7x_kQ2a.css`: eight characters or more with letters and digits, but no size (`1024x1024`). */
function isFingerprinted(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  const parts = [...name.matchAll(/(?<=[.-])[\w]{8,64}(?=\.)/g)].map(([part]) => part);
  return parts.some((part) => /\d/.test(part) && /[A-Za-z]/.test(part) && !/^\d+x\d+$/.test(part));
}

/** CloudFront bills each path beyond the first thousand of a month, and takes a star for one. */
const mostPaths = 15;

/**
 * What CloudFront should forget: paths of its addresses, encoded (CloudFront Developer Guide, "Invalidate files").
 * @param keys of the bucket
 * @param originPath that CloudFront puts in front of the address to get a key: `/web`
 */
export function invalidationPaths(keys: readonly string[], originPath: string): string[] {
  const root = `${originPath.replace(/^\/|\/$/g, '')}/`.replace(/^\/$/, '');
  const addresses = keys
    .filter((key) => key.startsWith(root))
    .map((key) => `/${key.slice(root.length).split('/').map(encodeURIComponent).join('/')}`)
    // A folder's address is answered with its index document.
    .flatMap((address) => (address.endsWith('/index.html') ? [address, address.slice(0, -'index.html'.length)] : [address]));
  return addresses.length > mostPaths ? ['/*'] : addresses;
}
