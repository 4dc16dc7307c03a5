import type { ErrorRule } from '../error-table.ts';

/** Codes of this service and what we make of them, before the common table. */
export const securityErrors: Readonly<Record<string, ErrorRule>> = {};
