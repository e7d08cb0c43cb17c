import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkoutDirectory } from '../../lab/paths.js';

/** The command line as it is built. */
export const cli = join(checkoutDirectory(), 'dist/simulator/cli.js');

/** Runs deputy-sim to its end. */
export function runCli(words: readonly string[], cwd: string, environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, ...environment },
    maxBuffer: 256 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** The words of a command that deputy-sim printed for a shell. */
export function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)];
  return words.map(([, quoted, plain]) => quoted?.replaceAll("'\\''", "'") ?? plain ?? '').slice(1);
}

/** What stands behind a label. */
export function fact(stdout: string, label: string): string {
  return new RegExp(`^${label} +(.*)$`, 'm').exec(stdout)?.[1] ?? '';
}
