import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { executeProgramFile } from '../linux/program.js';
import { LaunchFailure } from './launcher-channel.js';

const ENOENT = 2;
const EACCES = 13;

/**
 * Becomes the program (execve(2)), found as a shell finds it: through PATH, and a file without a format that
 * the kernel knows goes to /bin/sh (execvp(3)). Returns only by throwing. The other threads of this process
 * end there.
 */
export function executeProgram(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // execvpe(3) searches the PATH of the caller's environment, not of the one that it is given.
  const path = environment['PATH'];
  if (path === undefined) delete process.env['PATH'];
  else process.env['PATH'] = path;
  const errno = -executeProgramFile(argv, pairs);
  throw new LaunchFailure('execute', errno === EACCES && isNowhere(argv[0] ?? '', path) ? ENOENT : errno);
}

/**
 * execvp(3) says EACCES also when a folder of PATH can't be searched, as root's own can't by the target's
 * user. A program that is in no folder which can be looked into was not found.
 */
function isNowhere(name: string, path = ''): boolean {
  if (name.includes('/')) return false;
  return !path.split(':').some((folder) => existsSync(join(folder === '' ? '.' : folder, name)));
}
