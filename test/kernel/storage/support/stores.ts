import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentProcess,
  deputyCommand,
  runDeputy,
  startAgentProcess,
} from '../../../lab/agent-process.js';
import { makeShare } from '../../support/share.js';
import { TrapTarget } from '../../support/trap-target.js';
import { O } from '../../support/trap-thread.js';

function must(words: readonly string[]): void {
  const { status, stderr } = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
}

/** A directory on a file system of its own, of so many MiB; `remove` takes both away. */
export interface SmallDisk {
  readonly directory: string;
  remount(options: string): void;
  remove(): void;
}

export function makeDisk(mebibytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-disk-'));
  must(['mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'deputy-test', directory]);
  return {
    directory,
    remount: (options) => must(['mount', '-o', `remount,${options}`, directory]),
    remove() {
      must(['umount', '-l', directory]);
      rmSync(directory, { recursive: true });
    },
  };
}

/** A directory that is kept from one agent to the next. */
export function makeDirectory(): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-storage-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** What `deputy agent` says and exits with when it can't start. */
export function failingStart(state: string, more: readonly string[] = []) {
  const socket = join(tmpdir(), `deputy-unused-${process.pid}.sock`);
  return runDeputy(['agent', '--socket', socket, '--state', state, ...more], { timeoutMs: 30_000 });
}

/** A target that the agent serves, with a share to open files of. */
export async function serve(agent: AgentProcess, share: string) {
  const target = TrapTarget.start(share);
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  await target.encode('own', 'own');
  await target.confine({ socketPath: agent.socketPath });
  return { target, open: (count: number) => target.repeat(mount, 'own', O.RDONLY, count) };
}

/** Runs an agent in a directory, has it answer calls, and ends it: what it leaves is a journal. */
export async function leaveJournal(
  directory: string,
  options: { readonly calls: number; readonly kill?: boolean; readonly arguments?: readonly string[] },
): Promise<void> {
  const share = makeShare();
  const agent = await startAgentProcess({
    directory,
    policy: { version: 1, defaults: { opath: 'fast', confinement: 'none' } },
    ...(options.arguments ? { arguments: options.arguments } : {}),
  });
  const { target, open } = await serve(agent, share.share);
  await open(options.calls);
  if (options.kill === true) {
    agent.kill('SIGKILL');
    await agent.exited;
    target.kill();
  }
  await target.end();
  await agent.stop();
  rmSync(share.directory, { recursive: true });
}

/** Waits for a line of the log; throws when it doesn't come. */
export async function logged(agent: AgentProcess, text: string, from = 0): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const line = agent.log.slice(from).find((one) => one.includes(text));
    if (line !== undefined) return line;
    if (Date.now() > deadline) throw new Error(`no '${text}' in:\n${agent.log.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Uses up all that is free; the result gives it back. */
export function fillDisk(directory: string): () => void {
  const path = join(directory, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=64k'], { encoding: 'utf8' });
  return () => rmSync(path);
}

/** Runs `deputy` without stopping this process, which meanwhile drives a target. */
export async function runBeside(words: readonly string[]): Promise<{ status: number; stdout: string }> {
  const child = spawn(process.execPath, [deputyCommand(), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, stdout };
}
