import koffi from 'koffi';

/**
 * Becomes another program, found through PATH as a shell finds it (execvpe(3)): returns only when that
 * failed, with minus the errno. All other threads of this process end when it works.
 */
export function executeProgramFile(argv: readonly string[], environment: readonly string[]): number {
  const libc = koffi.load(null);
  const execute = libc.func('int execvpe(const char *file, const char **argv, const char **envp)');
  execute(argv[0], [...argv, null], [...environment, null]);
  return -koffi.errno();
}
