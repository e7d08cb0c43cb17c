import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { checkoutDirectory } from '../../lab/paths.js';

const made = new Map<string, string>();

// At the top level of a module that a test file imports, so it comes after all of that file's suites.
afterAll(() => {
  // By a child: this thread may have other ids by now, and fewer rights.
  for (const program of made.values()) spawnSync('rm', ['-rf', dirname(program)]);
  made.clear();
});

/**
 * Compiles test/targets/NAME.c, or another source, with gcc, once a test file: the program's path, runnable by
 * any user.
 */
export function compileTarget(
  name: string,
  extra: readonly string[] = [],
  source = join(checkoutDirectory(), 'test/targets', `${name}.c`),
): string {
  const key = `${name} ${extra.join(' ')}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'deputy-target-'));
  spawnSync('chmod', ['755', directory]);
  const program = join(directory, name);
  const result = spawnSync('gcc', ['-O1', '-pthread', ...extra, '-o', program, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`gcc ${name}.c: ${result.stderr}`);
  made.set(key, program);
  return program;
}
