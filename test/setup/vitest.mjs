// Runs vitest and counts what it did.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutDirectory } from './paths.mjs';

/** Runs vitest with this Node; returns its exit code and its JSON report (undefined if it wrote none). */
export function runVitest(node, commandArguments, environment = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-tests-'));
  const output = join(directory, 'report.json');
  const vitest = join(checkoutDirectory, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const { status } = spawnSync(node, [vitest, 'run', ...reporters, ...commandArguments], {
    cwd: checkoutDirectory,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  let report;
  try {
    report = JSON.parse(readFileSync(output, 'utf8'));
  } catch {
    process.stderr.write('vitest wrote no report\n');
  }
  rmSync(directory, { recursive: true, force: true });
  return { status: status ?? 1, report };
}

/** The line with the counts; also kept for the caller that adds several runs up. */
export function countTests(report) {
  const passed = report?.numPassedTests ?? 0;
  // A file that fails to load has no tests to count, and is a failure all the same.
  const brokenFiles = (report?.testResults ?? []).filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = (report?.numFailedTests ?? 1) + brokenFiles;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const file = process.env.DEPUTY_TEST_COUNTS;
  if (file) appendFileSync(file, `${passed} ${failed} ${skipped}\n`);
  return `tests: ${passed} passed, ${failed} failed, ${skipped} skipped`;
}
