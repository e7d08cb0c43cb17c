import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AgentProcess, runDeputy, startAgentProcess } from '../lab/agent-process.js';
import { startContainer } from '../lab/container.js';
import { missingLabParts } from '../lab/lab-status.js';
import { checkoutDirectory, labTemporaryRoot } from '../lab/paths.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const needed = ['root', 'crun', 'runc', 'unshare', 'temporary folder', 'container root'];
const timeoutMs = 90_000;
const firstId = 100_000;
const both = ['CAP_SYS_ADMIN', 'CAP_DAC_READ_SEARCH'];

function makeShare(directory: string): void {
  mkdirSync(join(directory, 'folder'), { recursive: true });
  writeFileSync(join(directory, 'file'), 'text');
  const source = join(checkoutDirectory(), 'test/targets/native-opens.c');
  const words = ['-O1', '-static', '-o', join(directory, 'native-opens'), source];
  const gcc = spawnSync('gcc', words, { encoding: 'utf8' });
  if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr}`);
  spawnSync('chown', ['-R', `${firstId}:${firstId}`, directory]);
}

/** As a user gets it. */
function profileFor(socketPath: string): object {
  const words = ['profile', '--native-directories', '--runtime', 'runc', '--socket', socketPath];
  const { status, stdout } = runDeputy(words);
  expect(status).toBe(0);
  return JSON.parse(stdout) as object;
}

describeWhen(missingLabParts(needed), 'a container whose directories the kernel opens', () => {
  async function run(
    runtime: 'crun' | 'runc',
    capabilities: readonly string[],
    look: (lines: readonly string[], agent: AgentProcess) => void | Promise<void>,
  ): Promise<void> {
    const directory = mkdtempSync(join(labTemporaryRoot() ?? '/tmp', 'deputy-native-'));
    spawnSync('chmod', ['755', directory]);
    const shareDirectory = join(directory, 'share');
    makeShare(shareDirectory);
    const agent = await startAgentProcess();
    try {
      const container = await startContainer({
        runtime,
        agentSocket: agent.socketPath,
        shareDirectory,
        capabilities,
        seccompProfile: profileFor(agent.socketPath),
        userNamespaceFirstId: firstId,
        args: ['/share/native-opens', '/share'],
      });
      await container.exited;
      await look(container.stdout, agent);
      await container.delete();
    } finally {
      expect(await agent.stop()).toBe(0);
      rmSync(directory, { recursive: true });
    }
  }

  for (const runtime of isLong ? (['crun', 'runc'] as const) : (['crun'] as const)) {
    test(`${runtime}: with the profile that deputy prints, by the file-handle strategy`, {
      timeout: timeoutMs,
    }, async () => {
      await run(runtime, both, async (lines, agent) => {
        expect(lines).toEqual([
          'name-folder ok',
          'name-file ok',
          'directory ok',
          'directory-path ok',
          'plain ok',
          'file ok',
          'forged-directory ok',
          'forged-plain ESTALE',
        ]);
        const target = () => agent.status().targets[0];
        await expect.poll(() => target()?.state).toBe('released');
        // Two names and two opens answered, the forged seal refused; of the others deputy knows nothing.
        expect(target()).toMatchObject({
          strategy: 'file-handle',
          counts: { answered: 4, refused: 1, cancelled: 0, lost: 0 },
        });
      });
    });
  }

  test('without the capabilities it is refused rather than served by halves', {
    timeout: timeoutMs,
  }, async () => {
    await run('crun', [], (lines, agent) => {
      expect(lines).toContain('name-folder ENOSYS');
      expect(lines).toContain('directory EPERM');
      expect(agent.log.join('\n')).toContain('lacks CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH');
    });
  });
});
