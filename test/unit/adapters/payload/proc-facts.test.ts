import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isExiting, readStartTime } from '../../../../adapters/payload/proc-facts.js';

test.runIf(process.platform === 'linux')('a process that runs, and one whose end has begun', async () => {
  expect(isExiting(process.pid)).toBe(false);
  expect(Number(readStartTime(process.pid))).toBeGreaterThan(0);
  // sh leaves its child unreaped: a zombie, whose end is behind it.
  const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 60']);
  const [pid] = (await once(shell.stdout, 'data')) as [Buffer];
  let seen = false;
  for (let tries = 0; tries < 500 && !seen; tries++) {
    seen = isExiting(Number(pid));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(seen).toBe(true);
  shell.kill('SIGKILL');
});
