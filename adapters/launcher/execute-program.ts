import koffi from 'koffi';
import { LaunchFailure } from './launcher-channel.js';

/**
 * Becomes the program (execve(2)), found as a shell finds it: through PATH, and a file without a format that the
 * kernel knows goes to /bin/sh (execvp(3)). Returns only by throwing. The other threads of this process end there.
 */
export function executeProgram(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  const libc = koffi.load(null);
  const execute = libc.func('int execvpe(const char *file, const char **argv, const char **envp)');
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // execvpe(3) searches the PATH of the caller's environment, not of the one that it is given.
  const path = environment['PATH'];
  if (path === undefined) delete process.env['PATH'];
  else process.env['PATH'] = path;
  execute(argv[0], [...argv, null], [...pairs, null]);
  throw new LaunchFailure('execute', koffi.errno());
}
