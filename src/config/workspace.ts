import { realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import type { ConfigProblem } from './problem.ts';

/**
 * Invariant: agents may upload what lies in the workspace, so it must hold nothing of the server's own, and be no part of it either.
 * @param own configuration and state folder
 */
export function workspaceProblems(file: string, workspace: string | undefined, own: readonly string[]): ConfigProblem[] {
  if (workspace === undefined) return [];
  const problem = (message: string, suggestion: string): ConfigProblem[] => [
    { file, message: `storage.workspace: ${message}`, suggestion },
  ];
  const real = realOf(workspace);
  if (real === undefined || !statSync(real).isDirectory()) return problem(`${workspace} is no folder`, 'make it, or correct the path');
  const touching = own.map((folder) => realOf(folder) ?? folder).find((folder) => within(folder, real) || within(real, folder));
  return touching === undefined
    ? []
    : problem(`${workspace} and ${touching} lie in one another`, 'name a folder that holds only what agents may upload');
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
