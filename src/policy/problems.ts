import { type ConfigProblem, formatProblem } from '../config/problem.ts';

/** Something wrong in a policy or policy test file, at a place a person can open. Lines and columns count from 1, columns in characters. */
export type PolicyProblem = ConfigProblem & { readonly line: number; readonly column: number };

/** The policy cannot be used. Thrown when opening or checking; a decision never throws. */
export class PolicyError extends Error {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'PolicyError';
    this.problems = problems;
  }
}
