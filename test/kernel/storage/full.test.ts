import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type AgentProcess, runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { eventOf } from '../support/request-events.js';
import { makeShare } from '../support/share.js';
import { AgentTree } from '../takeover/support/agent-tree.js';
import { failingStart, fillDisk, logged, makeDirectory, makeDisk, serve } from './support/stores.js';

const policy = { version: 1, defaults: { opath: 'fast', confinement: 'none' } };

describeWhen(missingForKernel(), 'no room', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const one of undo.splice(0).reverse()) await one();
  });

  function disk(mebibytes: number) {
    const made = makeDisk(mebibytes);
    undo.push(() => made.remove());
    return made;
  }

  async function start(directory: string, words: readonly string[] = []) {
    const share = makeShare();
    undo.push(() => rmSync(share.directory, { recursive: true }));
    const agent: AgentProcess = await startAgentProcess({ directory, policy, arguments: words });
    undo.push(() => agent.stop());
    const served = await serve(agent, share.share);
    undo.push(() => served.target.end());
    return { agent, inode: statSync(join(share.share, 'own')).ino, share: share.share, ...served };
  }

  test('a full disk at the start is a coded error, and nothing is left on it', () => {
    // Not even one segment has room on it.
    const { directory } = disk(4);
    for (let times = 0; times < 2; times++) {
      const { status, stderr } = failingStart(join(directory, 'state'));
      expect(stderr).toContain('DEPUTY_E_DISK_FULL');
      expect(status).toBe(1);
      expect(readdirSync(join(directory, 'state', 'journal'))).toEqual([]);
    }
  });

  test('a disk that gets full: requests wait, nobody dies, and all goes on', {
    timeout: 90_000,
  }, async () => {
    const { directory } = disk(96);
    const { agent, inode, open, share } = await start(directory);
    expect(await open(100)).toEqual({ [inode]: 100 });
    const bystander = await serve(agent, share);
    const processes = () => new Set(agent.status().processes.map(({ pid }) => pid));
    await vi.waitFor(() => expect(processes().size).toBe(4), 20_000);
    const before = processes();
    const release = fillDisk(directory);
    const calls = open(30_000);
    await logged(agent, 'DEPUTY_E_DISK_FULL');
    await logged(agent, 'the journal cannot grow');
    // Even now a target may end, and another may come: it waits.
    bystander.target.kill();
    const late = serve(agent, share);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(processes()).toEqual(before);
    release();
    expect(await calls).toEqual({ [inode]: 30_000 });
    const { target, open: openLate } = await late;
    expect(await openLate(10)).toEqual({ [inode]: 10 });
    await logged(agent, 'the journal grows again');
    await target.end();
    const ended = await eventOf(agent.stateDirectory, bystander.target.container, 'delegation.released');
    expect(ended).toBeDefined();
    expect(agent.log.filter((line) => line.includes('the journal cannot grow')).length).toBeLessThan(8);
    expect(replayStateDirectory(agent.stateDirectory).requests).toBeGreaterThan(30_000);
  });

  test('at the bound requests wait until old journal may go', { timeout: 90_000 }, async () => {
    const { directory, remove } = makeDirectory();
    undo.push(remove);
    const words = ['--journal-bytes', '1', '--journal-retention-ms', '4000'];
    const { agent, inode, open } = await start(directory, words);
    expect(await open(60_000)).toEqual({ [inode]: 60_000 });
    await logged(agent, 'DEPUTY_E_JOURNAL_FULL');
    await logged(agent, 'the journal grows again');
  });

  test('a supervisor that is killed at the bound has a successor, which waits for room as it did', {
    timeout: 90_000,
  }, async () => {
    const { directory, remove } = makeDirectory();
    undo.push(remove);
    const words = ['--journal-bytes', '1', '--journal-retention-ms', '4000'];
    const { agent, inode, open } = await start(directory, words);
    const tree = new AgentTree(agent);
    await tree.hasStandby();
    const calls = open(45_000);
    await logged(agent, 'DEPUTY_E_JOURNAL_FULL');
    process.kill(tree.active, 'SIGKILL');
    await tree.takenOver(1);
    expect(await calls).toEqual({ [inode]: 45_000 });
    expect(tree.takeOvers).toHaveLength(2);
    const { status, stdout } = runDeputy(['journal', 'verify', '--state', agent.stateDirectory]);
    expect(stdout).toContain(': well');
    expect(status).toBe(0);
  });
});
