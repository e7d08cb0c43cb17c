import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutDirectory } from './paths.mjs';
import { progress, runWithRetries } from './run.mjs';

function modifiedMs(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** npm writes node_modules/.package-lock.json last, so it is newer than the lock file when all is there. */
export function npmIsMissing() {
  const installed = modifiedMs(join(checkoutDirectory, 'node_modules', '.package-lock.json'));
  return installed === 0 || modifiedMs(join(checkoutDirectory, 'package-lock.json')) > installed;
}

const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * Installs the versions of the lock file; install scripts are not needed and not run. Not `npm ci`: it refuses a
 * lock file without the packages of other platforms, which not every mirror has.
 */
export async function prepareNpm(options) {
  progress(options, 'npm install');
  await runWithRetries('npm', words, {
    cwd: checkoutDirectory,
    timeoutSeconds: 300,
    remedy: 'check that npm reaches its registry, then run npm install --ignore-scripts',
  });
}
