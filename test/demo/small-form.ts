import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deputyCommand, runDeputy } from '../lab/agent-process.js';
import { checkoutDirectory } from '../lab/paths.js';

/**
 * A local target instead of container and guest: it opens by handle, under `deputy run`. Returns the exit
 * code.
 */
export function runSmallForm(say: (line: string) => void): number {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-demo-'));
  try {
    chmodSync(directory, 0o755);
    const program = join(directory, 'opener');
    const source = join(checkoutDirectory(), 'test/demo/small-target.c');
    if (!existsSync(source)) throw new Error(`${source} is missing`);
    const compiled = spawnSync('gcc', ['-O1', '-o', program, source], { encoding: 'utf8' });
    if (compiled.status !== 0) {
      say(
        `The smaller form compiles a small C program, and gcc can't be had: ${compiled.stderr ?? compiled.error}`,
      );
      return 1;
    }
    const file = join(directory, 'letter');
    writeFileSync(file, 'read through a handle\n');
    symlinkSync('letter', join(directory, 'link'));
    const without = spawnSync(
      'setpriv',
      ['--reuid=107', '--regid=107', '--clear-groups', program, directory],
      {
        encoding: 'utf8',
      },
    );
    say('Without deputy, as uid 107 without capabilities:');
    for (const line of without.stdout.trim().split('\n')) say(`  ${line}`);
    const state = join(directory, 'state');
    const words = ['run', '--uid', '107', '--gid', '107', '--state', state, '--', program, directory];
    say(`With deputy: deputy ${words.slice(0, 5).join(' ')} -- opener`);
    const served = spawnSync(process.execPath, [deputyCommand(), ...words], { encoding: 'utf8' });
    for (const line of (served.stdout + served.stderr).trim().split('\n')) say(`  ${line}`);
    say('What happened, from the event store:');
    for (const line of runDeputy(['events', '--state', state]).stdout.trim().split('\n')) say(`  ${line}`);
    return served.status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
