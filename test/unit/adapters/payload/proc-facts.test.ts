import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { isExiting, readStartTime } from '../../../../adapters/payload/proc-facts.js';

test.runIf(process.platform === 'linux')('a process that runs, and one whose end has begun', async () => {
  expect(isExiting(process.pid)).toBe(false);
  expect(Number(readStartTime(process.pid))).toBeGreaterThan(0);
  // sleep leaves its child unreaped: a zombie, whose end is behind it. sh would reap what ends before it is sleep.
  const shell = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60 3<&-'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [pid] = (await once(shell.stdout as NonNullable<typeof shell.stdout>, 'data')) as [Buffer];
  const patience = { timeout: 10_000, interval: 10 };
  await expect.poll(() => readFileSync(`/proc/${shell.pid}/comm`, 'latin1'), patience).toBe('sleep\n');
  expect(isExiting(Number(pid))).toBe(false);
  (shell.stdio[3] as Writable).end();
  await expect.poll(() => isExiting(Number(pid)), patience).toBe(true);
  shell.kill('SIGKILL');
});
