import { defineConfig } from 'vitest/config';

/**
 * `fast` needs nothing but Node and git. `full` needs real counterparts (moto, AWS CLI, MCP Inspector, the conformance
 * suite) and says how to install what is missing.
 */
const full = ['test/**/*.moto.test.ts', 'test/**/*.full.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: full } },
      { extends: true, test: { name: 'full', include: full, testTimeout: 180_000, hookTimeout: 120_000, fileParallelism: false } },
    ],
  },
});
