import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeProgram } from '../../../adapters/native/native-programs.js';
import { deputyCommand } from '../../lab/agent-process.js';
import { type Container, startContainer } from '../../lab/container.js';
import { type LabHost, openLabHost } from '../../lab/lab-host.js';
import { missingLabParts } from '../../lab/lab-status.js';
import { checkoutDirectory } from '../../lab/paths.js';
import { describeWhen } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';

/** A container that has just been started is tried again for twelve seconds; only what never comes waits so long. */
const patienceMs = 30_000;
const containerId = 'started-again';

/** What somebody printed so far. */
function listen(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  return () => text;
}

describeWhen(missingLabParts(), 'a container of crun is killed, and started again under its id', () => {
  let host: LabHost;
  let program: string;
  let sockets: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    host = await openLabHost();
    sockets = join(host.directory, 'sock');
    mkdirSync(sockets);
    chownSync(sockets, 107, 107);
    copyFileSync(nativeProgram('placeholder'), join(sockets, 'placeholder'));
  });
  afterAll(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await host.close();
  });

  const start = (): Promise<Container> => {
    rmSync(join(host.directory, `bundle-${containerId}`, 'pid'), { force: true });
    const args = ['/sock/placeholder', '--socket', '/sock/ph.sock'];
    return startContainer({ runtime: 'crun', host, containerId, socketDirectory: sockets, args });
  };

  /** Payloads in the container, by the name that is one of their arguments. */
  function payloads(container: Container, name: string): number[] {
    const space = readlinkSync(`/proc/${container.pid}/ns/pid`);
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && isPayload(pid, space, name));
  }

  function eventsIn(state: string): { type: string; data: { target?: object } }[] {
    const words = [deputyCommand(), 'events', '--state', state, '--json'];
    const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as { type: string; data: { target?: object } });
  }

  function restartCounts(state: string): (number | undefined)[] {
    return eventsIn(state).flatMap(({ type, data }) => {
      if (type !== 'delegation.requested') return [];
      return [(data.target as { restartCount?: number }).restartCount];
    });
  }

  /** How often what was dispatched to the container's second life had begun. */
  function beganInSecond(state: string): number {
    const second = livesIn(state).find((life) => restartCounts(life).includes(1));
    if (second === undefined) return 0;
    return eventsIn(second).filter(({ type }) => type === 'delegation.active').length;
  }

  test('a payload is dispatched to each life of it, once', { timeout: 3 * patienceMs }, async () => {
    const state = join(host.directory, 'dispatch');
    const root = host.stateDirectory('crun');
    const flags = ['--target', containerId, '--runtime-root', root, '--state', state, '--user', '107'];
    flags.push('--name', 'command', '--on-restart', 'dispatch');
    const words = [deputyCommand(), 'dispatch', ...flags, '--', program, 'sleep', '600', 'command'];
    const begin = (): ChildProcess => {
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      return child;
    };
    const script = join(checkoutDirectory(), 'test/kernel/support/following-controller.mjs');
    const own = join(host.directory, 'library');
    const controller = spawn(process.execPath, [
      script,
      ...[containerId, root, own, program, 'sleep', '600', 'library'],
    ]);
    children.push(controller);
    const delegations = listen(controller);
    // Both are there before the container is.
    let follower = begin();
    const said = listen(follower);
    await until(() => said().includes('waiting for'), 'the command to wait', patienceMs);
    const each = (container: Container): number[] =>
      ['command', 'library'].map((name) => payloads(container, name).length);

    const first = await start();
    await until(() => each(first).join() === '1,1', 'two payloads', patienceMs);
    await first.kill('SIGKILL');
    await first.exited;
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    await until(() => each(second).join() === '1,1', 'two payloads again', patienceMs);
    await until(() => delegations().split('\n').length > 2, 'the word on the second', patienceMs);
    expect(delegations()).toBe(`${containerId} 0\n${containerId} 1\n`);

    // The payload's shim may be killed: the command goes on with what it left.
    const [payload] = payloads(second, 'command');
    await until(() => beganInSecond(state) === 1, 'the command to serve the second', patienceMs);
    await until(() => shimsOf(state).length === 1, 'one shim', patienceMs);
    const [shim] = shimsOf(state);
    process.kill(shim as number, 'SIGKILL');
    await until(() => beganInSecond(state) === 2, 'the command to go on with it', patienceMs);
    expect(shimsOf(state).filter((pid) => pid !== shim)).toHaveLength(1);
    expect(payloads(second, 'command')).toEqual([payload]);

    // So may whoever follows: the next one goes on with this life's payload, and learns its end.
    follower.kill('SIGKILL');
    follower = begin();
    const code = new Promise((resolve) => follower.once('exit', resolve));
    const again = listen(follower);
    expect(payloads(second, 'command')).toEqual([payload]);
    process.kill(payload as number, 'SIGKILL');
    await until(() => again().includes('waiting for'), 'the command to wait again', patienceMs);
    follower.kill('SIGTERM');
    expect(await code).toBe(128 + 9);

    controller.stdin?.end();
    await new Promise((resolve) => controller.once('exit', resolve));
    await second.delete();
    const counts = livesIn(state).map((life) => restartCounts(life).at(-1));
    expect(counts.sort()).toEqual([0, 1]);
    expect(new Set(restartCounts(join(own, 'controller')))).toEqual(new Set([0, 1]));
  });
});

/** The state directories of a container's lives. */
function livesIn(state: string): string[] {
  return readdirSync(join(state, 'payloads')).map((one) => join(state, 'payloads', one, 'engine'));
}

/** The shims of payloads whose folders are there. */
function shimsOf(state: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isShim(pid, state));
}

function isShim(pid: number, state: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return words[0]?.endsWith('/native/shim') === true && words.some((word) => word.startsWith(state));
  } catch {
    return false;
  }
}

function isPayload(pid: number, space: string, name: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== space) return false;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return words[1] === 'sleep' && words.includes(name);
  } catch {
    return false;
  }
}
