import { defineConfig } from 'vitest/config';

/** Tests that look at nothing which another test changes. */
const pure = [
  'test/unit/**/*.test.ts',
  'test/contract/**/*.test.ts',
  'test/golden/**/*.test.ts',
  'test/simulator/**/*.test.ts',
  'test/tidy.test.ts',
];

const together = { fileParallelism: true, maxWorkers: 2, sequence: { groupOrder: 0 } };
/** Those count descriptors and processes and share two processors: one file at a time. */
const oneByOne = { fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    projects: [
      { extends: true, test: { name: 'pure', include: pure, ...together } },
      {
        extends: true,
        test: { name: 'machine', include: ['test/**/*.test.ts'], exclude: pure, ...oneByOne },
      },
    ],
  },
});
