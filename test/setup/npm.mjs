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

/** Installs exactly what the lock file says; install scripts are not needed and not run. */
export async function prepareNpm(options) {
  progress(options, 'npm ci --ignore-scripts');
  await runWithRetries('npm', ['ci', '--ignore-scripts'], {
    cwd: checkoutDirectory,
    timeoutSeconds: 300,
    remedy: 'check that npm reaches its registry, then run npm ci --ignore-scripts',
  });
}
