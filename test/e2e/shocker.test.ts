import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileTarget } from '../kernel/support/compile.js';
import { eventsOf } from '../kernel/support/request-events.js';
import { startAgentProcess } from '../lab/agent-process.js';
import { targetGid, targetUid } from '../lab/bundle.js';
import { startContainer } from '../lab/container.js';
import { missingLabParts } from '../lab/lab-status.js';
import { labTemporaryRoot } from '../lab/paths.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const needed = ['root', 'crun', 'unshare', 'temporary folder', 'container root'];
const guesses = isLong ? 100_000 : 30_000;
/** Both roots, /etc/shadow and /etc/passwd come twice: bare, and with a seal that is another handle's. */
const others = 6;

interface Outcome {
  readonly handleBytes: number;
  readonly right: boolean;
  readonly calls: number;
  readonly opened: number;
  readonly outside: number;
  readonly secretBytes: number;
  readonly stale: number;
}

/** The attack from a container, with a share of the host's root file system. */
async function attack(defaults: object): Promise<Outcome & { reasons: Record<string, number> }> {
  const directory = mkdtempSync(join(labTemporaryRoot() ?? '/tmp', 'deputy-shocker-'));
  const shareDirectory = join(directory, 'share');
  mkdirSync(shareDirectory);
  writeFileSync(join(shareDirectory, 'own'), 'contents of own');
  cpSync(compileTarget('shocker', ['-static']), join(shareDirectory, 'shocker'));
  for (const name of ['', 'own']) chownSync(join(shareDirectory, name), targetUid, targetGid);
  // What bites is the capability: with `dac: enforce` even unsealed handles read nothing that is root's.
  const policy = { version: 1, defaults: { dac: 'capability', record: 'failures', ...defaults } };
  const agent = await startAgentProcess({ policy });
  const inodes = ['/etc/shadow', '/etc/passwd'].map((path) => `${statSync(path).ino}`);
  const args = ['/share/shocker', '/share', `${guesses}`, ...inodes];
  const container = await startContainer({
    runtime: 'crun',
    agentSocket: agent.socketPath,
    shareDirectory,
    args,
  });
  try {
    await container.exited;
    const outcome = JSON.parse(container.stdout.join('\n')) as Outcome;
    await container.delete();
    await expect.poll(() => agent.status().targets[0]?.state, { timeout: 60_000 }).toBe('released');
    const reasons: Record<string, number> = {};
    for (const { type, data } of await eventsOf(agent.stateDirectory, container.containerId)) {
      const { reason } = data as { reason?: string };
      if (type === 'request.refused') reasons[reason ?? ''] = (reasons[reason ?? ''] ?? 0) + 1;
    }
    return { ...outcome, reasons };
  } finally {
    await container.delete();
    await agent.stop();
    rmSync(directory, { recursive: true });
  }
}

describeWhen(missingLabParts(needed), 'the shocker attack', () => {
  test('opens nothing outside of the share when handles are sealed', { timeout: 300_000 }, async () => {
    const outcome = await attack({});
    console.log('sealed:', outcome);
    expect(outcome).toMatchObject({ handleBytes: 32, right: true, opened: 0, outside: 0, secretBytes: 0 });
    expect(outcome).toMatchObject({ calls: guesses + others, stale: guesses + others });
    expect(outcome.reasons).toEqual({
      DEPUTY_E_REFUSED_NOT_SEALED: guesses / 2 + others / 2,
      DEPUTY_E_REFUSED_SEAL_WRONG: guesses / 2 + others / 2,
    });
  });

  test('opens the host without confinement, which shows that it bites', { timeout: 300_000 }, async () => {
    const outcome = await attack({ confinement: 'none' });
    console.log('none:', outcome);
    expect(outcome).toMatchObject({ handleBytes: 8, right: true });
    expect(outcome.outside).toBeGreaterThan(10);
    expect(outcome.secretBytes).toBeGreaterThan(0);
  });

  test('opens nothing where a part of a file system is shared, and all of it must be', {
    timeout: 300_000,
  }, async () => {
    const outcome = await attack({ confinement: 'filesystem' });
    console.log('filesystem:', outcome);
    expect(outcome).toMatchObject({ handleBytes: 8, right: false, opened: 0, outside: 0 });
    expect(Object.keys(outcome.reasons)).toEqual(['DEPUTY_E_REFUSED_MOUNT_ROOT']);
  });
});
