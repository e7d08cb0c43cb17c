import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? '.', '../../../..');
const entry = join(root, 'dist/adapters/injector/main.js');

function newestSourceMs(): number {
  const folders = ['adapters/injector', 'adapters/linux'].map((folder) => join(root, folder));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

/** The injector's compiled entry; compiles the project first when that is older than the sources. */
export function injectorEntry(): string {
  if (!existsSync(entry) || statSync(entry).mtimeMs < newestSourceMs()) {
    try {
      execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'pipe' });
    } catch (error) {
      // The compiler also fails for type errors elsewhere, and has written its output all the same.
      if (!existsSync(entry)) throw error;
    }
  }
  return entry;
}

let scratch: string | undefined;

/** A directory of this run's own, on a file system that knows file handles. */
export function scratchDirectory(): string {
  if (!scratch) {
    const parent = join(root, '.cache');
    mkdirSync(parent, { recursive: true });
    scratch = mkdtempSync(join(parent, 'injector-test-'));
  }
  return scratch;
}

/** Removes it with all that the targets made there; for the end of a test file. */
export function removeScratch(): void {
  if (scratch) rmSync(scratch, { recursive: true, force: true });
  scratch = undefined;
}

/** Compiles the target program of these tests with gcc, once a run: its path. */
export function targetProgram(): string {
  const program = join(scratchDirectory(), 'injection-target');
  if (!existsSync(program)) {
    const source = join(root, 'test/targets/injection-target.c');
    execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-pthread', '-o', program, source], { stdio: 'pipe' });
  }
  return program;
}
