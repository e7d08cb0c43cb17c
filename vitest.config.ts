import { defineConfig } from 'vitest/config';

/** Tests that look at nothing which another test changes: one process for many files. */
const pure = [
  'test/unit/**/*.test.ts',
  'test/contract/**/*.test.ts',
  'test/golden/**/*.test.ts',
  'test/simulator/**/*.test.ts',
  'test/tidy.test.ts',
];

/** Those of the machine that wait more than they work, with processes, folders and servers of their own. */
const patient = [
  'test/nats/**/*.test.ts',
  'test/kernel/{broker,contract,notifier,payload,preflight,seals}/**/*.test.ts',
  'test/kernel/storage/**/*.test.ts',
  'test/kernel/{agent,degradation,fallbacks}.test.ts',
  'test/kernel/takeover/{crash-points,replace,store-unavailable,verified}.test.ts',
  'test/kernel/injector/asking-again.test.ts',
  'test/e2e/{guest,guest-notifier,guest-takeover,workload,shocker,reference,dispatcher}.test.ts',
  'test/e2e/{exec,examples,native-directories,service-restart,systemd}.test.ts',
  'test/e2e/{deputy-service,dispatch-service}.test.ts',
];

const all = ['test/**/*.test.ts'];

/** Three servers and their elections take too long for every run: `npm run test:long` has these, too. */
const tooLong = process.env['DEPUTY_LONG'] === '1' ? [] : ['test/**/*-long.test.ts'];

const twoAtATime = (groupOrder: number) => ({
  fileParallelism: true,
  maxWorkers: 2,
  sequence: { groupOrder },
});
/** Those count descriptors and processes and share two processors: one file at a time. */
const oneByOne = { fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 2 } };

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false, ...twoAtATime(0) } },
      { extends: true, test: { name: 'patient', include: patient, exclude: tooLong, ...twoAtATime(1) } },
      {
        extends: true,
        test: { name: 'machine', include: all, exclude: [...pure, ...patient, ...tooLong], ...oneByOne },
      },
    ],
  },
});
