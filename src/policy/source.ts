/** Policy files as text: reading a folder, cutting a file into statements, and places a person can open. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { editDistance } from '../config/problem.ts';
import { PolicyError, type PolicyProblem } from './problems.ts';

export interface PolicyFile {
  /** Path as a person would open it. */
  readonly file: string;
  readonly text: string;
}

export interface Statement extends PolicyFile {
  /** Character offset of the statement in `text`, past white space and comments before it. */
  readonly start: number;
  readonly source: string;
}

/**
 * All `*.cedar` files of a folder, by name; synchronous, because a start waits for it. Throws `PolicyError` when there are none, when one is not UTF-8, and for
 * names that look like a policy but would be passed over: a forbid must not go missing because of a slip in its name.
 */
export function readPolicies(folder: string): PolicyFile[] {
  const problems: PolicyProblem[] = [];
  const names = policyNames(folder, problems);
  if (names.length === 0 && problems.length === 0)
    problems.push(at(folder, 'no policy files here', 'without policy nothing may start; add a .cedar file'));
  const files: PolicyFile[] = [];
  for (const name of names) {
    const file = join(folder, name);
    try {
      files.push({ file, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(readFileSync(file)) });
    } catch (error) {
      problems.push(at(file, error instanceof TypeError ? 'not UTF-8 text' : `cannot be read: ${(error as Error).message}`));
    }
  }
  if (problems.length > 0) throw new PolicyError(problems);
  return files;
}

/** Changes whenever a file is added, removed, replaced or written to; `undefined` when the folder cannot be looked at. */
export async function folderSignature(folder: string): Promise<string | undefined> {
  try {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
    const marks = await Promise.all(
      names.map(async (name) => {
        const { ino, size, mtimeNs, ctimeNs } = await stat(join(folder, name), { bigint: true });
        return `${name}\0${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      }),
    );
    return marks.join('\n');
  } catch {
    return undefined;
  }
}

/**
 * Tells, look by look, when something new has come to rest: two looks in a row agree, so that a half-written file is not
 * taken for a policy. The first thing seen is new: what changed between reading and looking must not be missed.
 */
export function settledChanges(): (signature: string | undefined) => boolean {
  let settled: string | undefined = 'not looked at';
  let last: string | undefined = settled;
  return (signature) => {
    const rested = signature === last && signature !== settled;
    if (rested) settled = signature;
    last = signature;
    return rested;
  };
}

/** SHA-256, hex, over the texts in order; file names do not count, a policy means the same wherever it stands. */
export function textsHash(files: readonly PolicyFile[]): string {
  const hash = createHash('sha256');
  for (const { text } of files) hash.update(`${Buffer.byteLength(text)}\n${text}`);
  return hash.digest('hex');
}

/** Cuts a file at the semicolons that end statements. Cedar has `//` comments and double-quoted strings, nothing else to skip. */
export function statementsOf({ file, text }: PolicyFile): Statement[] {
  const statements: Statement[] = [];
  let start: number | undefined;
  const push = (end: number) => {
    if (start !== undefined) statements.push({ file, text, start, source: text.slice(start, end) });
    start = undefined;
  };
  for (const { 0: token, index } of text.matchAll(/\/\/[^\n\r]*|"(?:\\[\s\S]|[^"\\])*"?|;|[^\s]/g)) {
    if (token.startsWith('//')) continue;
    start ??= index;
    if (token === ';') push(index + 1);
  }
  push(text.length);
  return statements;
}

/** Line and column (from 1) of a character offset. */
export function placeOf({ file, text }: PolicyFile, offset: number): Pick<PolicyProblem, 'file' | 'line' | 'column'> {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { file, line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
}

/** Cedar counts bytes of UTF-8, JavaScript counts UTF-16 units. */
export function charOffset(source: string, byteOffset: number): number {
  return Buffer.from(source).subarray(0, byteOffset).toString().length;
}

function policyNames(folder: string, problems: PolicyProblem[]): string[] {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    problems.push(at(folder, `cannot be read: ${(error as Error).message}`));
    return [];
  }
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const ending = entry.name.slice(entry.name.lastIndexOf('.'));
    if (entry.isDirectory()) {
      if (entry.name !== 'tests') problems.push(at(join(folder, entry.name), 'folders inside the policy folder are not read'));
    } else if (ending === '.cedar') names.push(entry.name);
    else if (!ending.endsWith('~') && editDistance(ending.toLowerCase(), '.cedar') <= 2)
      problems.push(at(join(folder, entry.name), `"${ending}" is not read as policy`, 'policy files end in .cedar'));
  }
  return names.sort();
}

function at(file: string, message: string, suggestion?: string): PolicyProblem {
  return { file, line: 1, column: 1, message, ...(suggestion ? { suggestion } : {}) };
}
