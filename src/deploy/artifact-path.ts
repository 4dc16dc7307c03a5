/**
 * Invariant: every file of an artifact has one canonical relative path, so that whatever writes below a folder by it stays below that
 * folder, and no list of checksums can be read in two ways.
 */
import { findUncanonical } from '../call/canonical.ts';
import { refused } from './failures.ts';

/** Limits of Linux file systems, in bytes of UTF-8 (`NAME_MAX`), and a path that leaves room for the folder above. */
const longestName = 255;
const longestPath = 1_024;

/** @throws CallError `provider_rejected` `ArtifactRefused` for a path that is not plain */
export function checkPath(path: string): void {
  const problem = problemOf(path);
  if (problem) throw artifactRefused(`The artifact holds ${JSON.stringify(path.slice(0, 120))}, which ${problem}.`);
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'has no name';
  if (path.startsWith('/')) return 'is an absolute path';
  // Names that are no UTF-8 are read with it in their place.
  if (path.includes('\ufffd')) return 'is not UTF-8';
  if (/[\t\n\r]/.test(path)) return 'holds a line break or tab';
  if (path.split('/').some((name) => name === '' || Buffer.byteLength(name) > longestName)) return 'has an empty or too long name';
  if (Buffer.byteLength(path) > longestPath) return `is longer than ${longestPath} bytes`;
  return findUncanonical(path)?.problem;
}

export function artifactRefused(message: string, cause?: unknown) {
  return refused('provider_rejected', 'ArtifactRefused', message, 'Build the artifact of plain files and folders, and call again.', cause);
}
