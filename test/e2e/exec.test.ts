import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgentProcess } from '../lab/agent-process.js';
import { targetGid, targetUid } from '../lab/bundle.js';
import { startContainer } from '../lab/container.js';
import { missingLabParts } from '../lab/lab-status.js';
import { checkoutDirectory, labTemporaryRoot } from '../lab/paths.js';
import { describeWhen } from '../support/describe-when.js';

const needed = ['root', 'crun', 'runc', 'unshare', 'temporary folder', 'container root'];
const timeoutMs = 90_000;
const opener = ['/share/opener', '/share'];

/** A share with a program that opens a file and a symlink by handle. */
function makeShare(directory: string): void {
  mkdirSync(directory);
  const source = join(checkoutDirectory(), 'test/demo/small-target.c');
  const gcc = spawnSync('gcc', ['-O1', '-o', join(directory, 'opener'), source], { encoding: 'utf8' });
  if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr}`);
  writeFileSync(join(directory, 'letter'), 'read through a handle\n');
  symlinkSync('letter', join(directory, 'link'));
  for (const name of ['', 'letter']) chownSync(join(directory, name), targetUid, targetGid);
  lchownSync(join(directory, 'link'), targetUid, targetGid);
}

describeWhen(missingLabParts(needed), 'exec into a container', () => {
  for (const runtime of ['crun', 'runc'] as const) {
    test(`brings a listener of its own, and all are served: ${runtime}`, { timeout: timeoutMs }, async () => {
      const directory = mkdtempSync(join(labTemporaryRoot() ?? '/tmp', 'deputy-exec-'));
      const shareDirectory = join(directory, 'share');
      makeShare(shareDirectory);
      const agent = await startAgentProcess();
      const args = ['/bin/busybox', 'sleep', '600'];
      const container = await startContainer({
        runtime,
        agentSocket: agent.socketPath,
        shareDirectory,
        args,
      });
      try {
        // The first process has a listener too: two, and four while two programs run at once.
        for (const times of [1, 1, 2, 4]) {
          const runs = Array.from({ length: times }, () => container.exec(opener));
          for (const { code, stdout, stderr } of await Promise.all(runs)) {
            expect(stderr).toEqual([]);
            expect(stdout.join('\n')).toContain('contents: read through a handle');
            expect(stdout.join('\n')).toMatch(/O_PATH\|O_NOFOLLOW\) = \d+, a symlink/);
            expect(code).toBe(0);
          }
        }
        const { targets } = agent.status();
        expect(targets).toHaveLength(1);
        expect(targets[0]).toMatchObject({ containerId: container.containerId, state: 'active' });
        const counts = (): unknown => agent.status().targets[0]?.counts;
        await expect.poll(counts).toEqual({ answered: 8 * 4, refused: 0, cancelled: 0, lost: 0 });
        // Those of programs that have ended are let go; that of the first process is left.
        await expect.poll(() => agent.status().listeners).toBe(1);
      } finally {
        await container.delete();
        await expect.poll(() => agent.status().targets[0]?.state).toBe('released');
        expect(await agent.stop()).toBe(0);
        rmSync(directory, { recursive: true });
      }
    });
  }
});
