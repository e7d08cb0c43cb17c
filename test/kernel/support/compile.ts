import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutDirectory } from '../../lab/paths.js';

const made = new Map<string, string>();

/** Compiles test/targets/NAME.c with gcc, once a test file: the program's path, runnable by any user. */
export function compileTarget(name: string, extra: readonly string[] = []): string {
  const key = `${name} ${extra.join(' ')}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'deputy-target-'));
  spawnSync('chmod', ['755', directory]);
  const program = join(directory, name);
  const source = join(checkoutDirectory(), 'test/targets', `${name}.c`);
  const result = spawnSync('gcc', ['-O1', '-pthread', ...extra, '-o', program, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`gcc ${name}.c: ${result.stderr}`);
  made.set(key, program);
  return program;
}
