import { contentTypeOf } from '../storage/content-type.ts';
import type { ObjectHeaders } from './upload-stream.ts';

/** Key of metadata that tells which version a switched document is of. */
export const versionMark = 'ziggie-version';
/** Key of metadata with the SHA-256 of a file that a release put there: nothing without it is ours. */
export const contentMark = 'ziggie-sha256';

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
export function headersFor({ path, sha256 }: { path: string; sha256: string }, isEntry: boolean, version: string): ObjectHeaders {
  return {
    ContentType: contentTypeOf(path, false),
    CacheControl: !isEntry && isFingerprinted(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    Metadata: { [contentMark]: sha256, ...(isEntry ? { [versionMark]: version } : {}) },
  };
}

/** Asked for by a name that people and programs know, whatever is in the name. */
const neverKept = /\.(?:x?html?|xml|json|txt|webmanifest)$|(?:^|[._-])(?:ng)?sw[._-].*m?js$|service[._-]?worker.*m?js$/i;

/**
 * `app.3f2a9c1b.js`, `index-77aa10ff.css`: eight hexadecimal digits or more, between separators, as bundlers write them. With a letter too,
 * or dates were some; words with a number (`chapter01`) are none. What is missed costs a request, what is wrong could not be taken back.
 */
function isFingerprinted(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  if (neverKept.test(name)) return false;
  return [...name.matchAll(/(?<=[._-])[0-9a-f]{8,64}(?=[._-])/gi)].some(([part]) => /\d/.test(part) && /[a-f]/i.test(part));
}

/** CloudFront bills each path beyond the first thousand of a month, and takes a star for one. */
const mostPaths = 15;

/** What keys begin with that CloudFront can show. @param originPath that it puts in front of an address to get a key: `/web` */
export function originRoot(originPath: string): string {
  return `${originPath.replace(/^\/|\/$/g, '')}/`.replace(/^\/$/, '');
}

/**
 * What CloudFront should forget: paths of its addresses, encoded (CloudFront Developer Guide, "Invalidate files").
 * @param keys of the bucket
 * @param originPath of the distribution
 */
export function invalidationPaths(keys: readonly string[], originPath: string): string[] {
  const root = originRoot(originPath);
  const addresses = keys
    .filter((key) => key.startsWith(root))
    .map((key) => `/${key.slice(root.length).split('/').map(encodeURIComponent).join('/')}`)
    // A folder's address is answered with its index document.
    .flatMap((address) => (address.endsWith('/index.html') ? [address, address.slice(0, -'index.html'.length)] : [address]));
  return addresses.length > mostPaths ? ['/*'] : addresses;
}
