import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemCall } from '../../../adapters/linux/native.js';
import { wordType } from '../../../adapters/notifier/packets.js';
import { isSeccompListener } from '../../../adapters/oci/listener-check.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { LineProcess } from '../support/line-process.js';
import { makeShare, targetId } from '../support/share.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import { FakeSidecar } from './support/fake-sidecar.js';
import { socketDirectory, WrappedTarget, wrapped } from './support/wrapped.js';

const ENOSYS = 38;
const made: string[] = [];

function place(): string {
  const path = socketDirectory();
  made.push(dirname(path));
  return join(path, 'sidecar.sock');
}

function share(): string {
  const { directory, share: path } = makeShare();
  made.push(directory);
  return path;
}

/** Is the process gone, or waiting to be reaped by whoever is init here? */
function hasEnded(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

describeWhen(missingForKernel(), 'deputy-wrap', () => {
  test('brings the listener to whoever listens, again and again, by the name that it was given', async () => {
    const path = place();
    const target = new WrappedTarget(compileTarget('wrapped'), path, share());
    const { pid } = await target.started();
    // It came before there was anybody: the program runs, and its calls wait.
    const waiting = target.open('own');
    let sidecar = FakeSidecar.listen(path, targetId);
    const first = await sidecar.next();
    expect(first.hello).toEqual({ key: 0, processId: pid });
    expect(isSeccompListener(first.listener as number)).toBe(true);
    first.say(wordType.key, 4711);
    // All that a sidecar had goes at once, as when it is killed.
    systemCall('close', first.listener as number);
    first.close();
    sidecar.close();
    rmSync(path);
    expect(await Promise.race([waiting, sleep(200).then(() => 'it waits')])).toBe('it waits');
    sidecar = FakeSidecar.listen(path, targetId);
    const second = await sidecar.next();
    expect(second.hello).toEqual({ key: 4711, processId: pid });
    // Told that nobody serves it, the keeper lets go; with the last copy closed the call returns.
    second.say(wordType.refused, 0, 'as a test has it');
    await until(() => hasEnded(second.pid), 'the end of the keeper');
    systemCall('close', second.listener as number);
    expect(await waiting).toMatchObject({ named: ENOSYS });
    second.close();
    sidecar.close();
    expect(await target.process.end()).toBe(7);
  });

  test('leaves the program as it would be without: no child, no descriptor, its own exit code', async () => {
    const path = place();
    const sidecar = FakeSidecar.listen(path, targetId);
    const target = new WrappedTarget(compileTarget('wrapped'), path, share());
    const native = new LineProcess(compileTarget('wrapped'), ['/']);
    const { descriptors } = JSON.parse(await native.next());
    await native.end();
    expect(await target.started()).toEqual({ pid: target.process.pid, children: 0, descriptors });
    const status = readFileSync(`/proc/${target.process.pid}/status`, 'latin1');
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(status).toMatch(/^SigIgn:\s*0+$/m);
    const keeper = await sidecar.next();
    expect(await target.process.end()).toBe(7);
    await until(() => hasEnded(keeper.pid), 'the end of the keeper');
    systemCall('close', keeper.listener as number);
    keeper.close();
    sidecar.close();
  });

  test('its keeper holds a listener and nothing else, unprivileged', async () => {
    const path = place();
    const sidecar = FakeSidecar.listen(path, targetId);
    const target = new WrappedTarget(compileTarget('wrapped'), path, share());
    await target.started();
    const { pid, listener, close } = await sidecar.next();
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      expect(status).toMatch(new RegExp(`^Cap${set}:\\s*0+$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(status).toMatch(/^Name:\s*deputy-keep$/m);
    // Standard error is the program's, and is for one message.
    const numbers = readdirSync(`/proc/${pid}/fd`).filter((name) => name !== '2');
    const held = numbers.map((name) => readlinkSync(`/proc/${pid}/fd/${name}`).replace(/\d+/, 'N')).sort();
    expect(held).toEqual(['/dev/null', '/dev/null', 'anon_inode:seccomp notify', 'socket:[N]']);
    // Not dumpable: the program, of the same user, can't take what it holds.
    const words = [
      '--reuid',
      `${targetId}`,
      '--regid',
      `${targetId}`,
      '--clear-groups',
      'ls',
      `/proc/${pid}/fd`,
    ];
    expect(spawnSync('setpriv', words, { encoding: 'utf8' }).stderr).toMatch(/Permission denied/);
    systemCall('close', listener as number);
    close();
    sidecar.close();
    await target.process.end();
  });

  test('gives nothing to a socket of another user', async () => {
    const path = place();
    const stranger = FakeSidecar.listen(path, 0);
    const target = new WrappedTarget(compileTarget('wrapped'), path, share());
    await target.started();
    expect(await stranger.next()).toMatchObject({ hello: undefined, listener: undefined });
    stranger.close();
    await target.process.end();
  });

  describe('says in its exit code', () => {
    test.each([
      ['that there is no such program', '/nowhere.sock', ['/nowhere/program'], 127],
      ['that it can not be executed', '/nowhere.sock', ['/etc/passwd'], 126],
      ['that an abstract socket is none', '@deputy', ['true'], 2],
      ['that a path is to be absolute', 'deputy.sock', ['true'], 2],
      ['that a path is too long', `/${'x'.repeat(107)}`, ['true'], 2],
      ["the program's own", '/nowhere.sock', ['sh', '-c', 'exit 9'], 9],
    ])('%s', (_, path, words, code) => {
      const [program, rest] = wrapped(path, words);
      expect(spawnSync(program, rest, { encoding: 'utf8' }).status).toBe(code);
    });
  });
});
