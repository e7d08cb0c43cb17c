import { executeProgramFile } from '../linux/program.js';
import { LaunchFailure } from './launcher-channel.js';

/**
 * Becomes the program (execve(2)), found as a shell finds it: through PATH, and a file without a format that the
 * kernel knows goes to /bin/sh (execvp(3)). Returns only by throwing. The other threads of this process end there.
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
  throw new LaunchFailure('execute', -executeProgramFile(argv, pairs));
}
