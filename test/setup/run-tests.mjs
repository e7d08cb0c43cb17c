#!/usr/bin/env node
// npm test: brings in what is missing, builds, checks and runs the tests. [--long] [vitest arguments ...]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { checkoutDirectory } from './paths.mjs';
import { countTests, runVitest } from './vitest.mjs';

const root = checkoutDirectory;
const isCi = process.env.CI === 'true';
const words = process.argv.slice(2);
const long = words.includes('--long');
const vitestArguments = words.filter((word) => word !== '--long');

/** Runs one of the project's commands; ends with its exit code when that isn't 0. */
function must(command, commandArguments) {
  const { status } = spawnSync(command, commandArguments, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function prepare() {
  const parts = ['--npm'];
  if (process.getuid?.() === 0) parts.push('--packages', '--lab', '--browser');
  const { status } = spawnSync(process.execPath, ['test/setup/prepare.mjs', ...parts], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === 0) return;
  if (!existsSync(`${root}/node_modules/vitest`)) process.exit(status ?? 1);
  // Something can't be had here: tests that need it say so, and are failures in CI.
  if (isCi) process.exit(status ?? 1);
}

prepare();
must('npm', ['run', '--silent', 'build']);
if (isCi) {
  must('npx', ['biome', 'check', '.']);
  must('npx', ['tsc', '--noEmit']);
}
if (process.getuid?.() !== 0) {
  process.stderr.write('not root: tests of the kernel, runtimes and guest are skipped; all others run\n');
}
const { status, report } = runVitest(process.execPath, vitestArguments, long ? { DEPUTY_LONG: '1' } : {});
process.stdout.write(`${countTests(report)}\n`);
process.exitCode = status;
