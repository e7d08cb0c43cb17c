import { chmodSync, lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen } from '../../support/describe-when.js';
import { Image, missingForImages } from '../support/image.js';
import { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';
import { AgentTree } from '../takeover/support/agent-tree.js';

const files = ['own', 'folder', 'link', 'fifo'] as const;
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-survival-'));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An agent for a share called `data`, wherever that is mounted. */
async function start(directory: string, path: string): Promise<AgentProcess> {
  const agent = await startAgentProcess({
    directory,
    policy: {
      version: 1,
      defaults: { shares: [{ name: 'data', path }] },
      targets: [{ match: { container: 'blue-*' }, tenant: 'blue' }],
    },
  });
  undo.push(() => agent.stop());
  chmodSync(directory, 0o755);
  return agent;
}

async function container(agent: AgentProcess, name: string, path: string): Promise<TrapTarget> {
  const target = TrapTarget.start(path);
  undo.push(() => target.end());
  for (const file of files) await target.must(`alloc ${file} 4096`);
  await target.confine({ socketPath: agent.socketPath, container: name });
  return target;
}

async function namesOf(target: TrapTarget): Promise<Record<string, string>> {
  const named: Record<string, string> = {};
  for (const file of files) {
    expect(await target.encodeInto(file, file)).toBe(0);
    named[file] = await target.handleHex(file);
  }
  return named;
}

/** What each handle opens, by O_PATH; inodes as they are on the image, whichever mount it is. */
async function opened(target: TrapTarget, handles: Record<string, string>, path: string): Promise<unknown> {
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  const found: Record<string, unknown> = {};
  for (const [file, hex] of Object.entries(handles)) {
    await target.must(`put $${file} ${hex}`);
    const result = await target.openAndDescribe(mount, file, O.PATH | O.NOFOLLOW);
    found[file] = typeof result === 'string' ? result : `${result.inode}`;
  }
  const wanted = Object.fromEntries(files.map((file) => [file, inodeOf(join(path, file))]));
  return JSON.stringify(found) === JSON.stringify(wanted) ? 'all right' : found;
}

function inodeOf(path: string): string {
  return `${lstatSync(path).ino}`;
}

function keys(agent: AgentProcess, ...words: string[]): string {
  const { status, stdout, stderr } = runDeputy(['keys', ...words, '--state', agent.stateDirectory]);
  expect(status, stderr).toBe(0);
  return stdout;
}

describeWhen(missingForImages(), 'sealed handles outlive', () => {
  test('a supervisor, a container, an agent and a host', { timeout: 90_000 }, async () => {
    const image = new Image();
    undo.push(() => image.remove());
    const first = image.mount('before');
    const directory = temporary();
    const agent = await start(directory, first);
    const one = await container(agent, 'blue-1', first);
    const handles = await namesOf(one);
    expect(await opened(one, handles, first)).toBe('all right');

    const tree = new AgentTree(agent);
    await tree.hasStandby();
    const before = tree.takeOvers.length;
    process.kill(tree.active, 'SIGKILL');
    await tree.takenOver(before);
    expect(await opened(one, handles, first)).toBe('all right');
    expect(await namesOf(one)).toEqual(handles);
    await one.end();

    const two = await container(agent, 'blue-2', first);
    expect(await opened(two, handles, first)).toBe('all right');
    await two.end();
    expect(await agent.stop()).toBe(0);

    // The host starts again: another mount of the same image, at another place, by another loop device.
    image.unmount(first);
    const second = image.mount('after');
    const next = await start(directory, second);
    const three = await container(next, 'blue-3', second);
    expect(await opened(three, handles, second)).toBe('all right');
    expect(await namesOf(three)).toEqual(handles);
  });

  test('a move to a second machine, once it has the key', { timeout: 90_000 }, async () => {
    const image = new Image();
    undo.push(() => image.remove());
    const path = image.mount('shared');
    const source = await start(temporary(), path);
    const handles = await namesOf(await container(source, 'blue-source', path));
    const destination = await start(temporary(), path);
    const target = await container(destination, 'blue-destination', path);
    const stale = Object.fromEntries(files.map((file) => [file, 'ESTALE']));
    expect(await opened(target, handles, path)).toEqual(stale);

    const file = join(temporary(), 'keys.json');
    keys(source, 'export', '--file', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    keys(destination, 'import', file);
    expect(await opened(target, handles, path)).toBe('all right');
    // Its own are still its own, until told otherwise.
    expect(await namesOf(target)).not.toEqual(handles);
    keys(destination, 'import', file, '--current');
    expect(await namesOf(target)).toEqual(handles);
    // Whose tenant it isn't, the key is of no use to.
    const red = await container(destination, 'red', path);
    expect(await opened(red, handles, path)).toEqual(stale);
  });
});
