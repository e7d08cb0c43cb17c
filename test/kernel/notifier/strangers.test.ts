import { openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../../adapters/linux/memory.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { connectSequenced } from '../../../adapters/linux/sequenced-sockets.js';
import { helloBytes, magic, version, wordType } from '../../../adapters/notifier/packets.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { asUser } from '../broker/support/broker-process.js';
import { type Freezer, makeFreezer } from '../injector/support/freezer.js';
import { compileTarget } from '../support/compile.js';
import { targetId } from '../support/share.js';
import { until } from '../takeover/support/agent-tree.js';
import { NotifierProcess, type NotifierProcessOptions } from './support/notifier-process.js';
import { WrappedTarget } from './support/wrapped.js';

const EAGAIN = -11;
const EACCES = -13;
const ENOSYS = 38;
const memory = allocate(8192);
const answerAt = 4096;

/** Somebody who connects as a listener keeper would. */
class Stranger {
  readonly socket: number;

  constructor(path: string, user = targetId) {
    this.socket = asUser(user, () => connectSequenced(path));
  }

  send(words: readonly number[], descriptors: readonly number[] = []): void {
    memory.u32.set(words);
    sendWithDescriptors(this.socket, memory.address, words.length * 4, descriptors);
  }

  /** What it is told: the text of a refusal, or 'the end' of the connection. */
  async told(): Promise<string> {
    const received = createReceivedMessage();
    let bytes = EAGAIN;
    await until(() => {
      bytes = receiveWithDescriptors(this.socket, memory.address + answerAt, 256, received);
      return bytes !== EAGAIN;
    }, 'an answer');
    systemCall('close', this.socket);
    if (bytes <= 12 || memory.u32[(answerAt >> 2) + 1] !== wordType.refused) return 'the end';
    return Buffer.from(memory.u8.slice(answerAt + 12, answerAt + bytes)).toString('utf8');
  }
}

/** A program behind the wrapper that is not to be served: what its first call gives, and the sidecar's log. */
async function unserved(options: NotifierProcessOptions): Promise<string> {
  const sidecar = await new NotifierProcess(options).start();
  const target = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share);
  await target.started();
  expect(await target.open('own')).toMatchObject({ named: ENOSYS });
  await target.process.end();
  await sidecar.end();
  return sidecar.log;
}

describeWhen(missingForKernel(), 'a sidecar and those whom it does not serve', () => {
  test('who can not be seen: a sidecar in a pid namespace of its own', async () => {
    const log = await unserved({ before: ['unshare', '--pid', '--fork', '--mount-proc'] });
    expect(log).toMatch(/DEPUTY_E_NOTIFIER_PEER.*a pid namespace that can not be seen/s);
  });

  test("who is in the sidecar's own cgroup, as one is who was executed into its container", async () => {
    const log = await unserved({ cgroup: 'other' });
    expect(log).toMatch(/DEPUTY_E_NOTIFIER_PEER.*own cgroup/s);
  });

  test('who is in another container than the one that is served; once that has ended it is the other one', async () => {
    const groups = ['a', 'b'].map((name) => makeFreezer('v2', name));
    const sidecar = await new NotifierProcess({ cgroup: 'other' }).start();
    const startIn = async (group: Freezer): Promise<WrappedTarget> => {
      const program = compileTarget('wrapped');
      const target = new WrappedTarget(program, sidecar.socketPath, sidecar.share, [], group.enter);
      await target.started();
      return target;
    };
    const [one, other] = groups as [Freezer, Freezer];
    const first = await startIn(one);
    expect(await first.open('own')).toMatchObject({ opened: 0 });
    const second = await startIn(other);
    expect(await second.open('own')).toMatchObject({ named: ENOSYS });
    const refusal = /DEPUTY_E_NOTIFIER_PEER.*another cgroup than the target/s;
    await until(() => refusal.test(sidecar.log), 'the reason in the log');
    // A successor knows whose sidecar it is before anybody has come back.
    await sidecar.killAll();
    const third = await startIn(other);
    await sidecar.start();
    expect(await third.open('own')).toMatchObject({ named: ENOSYS });
    expect(await first.open('own')).toMatchObject({ opened: 0 });
    await first.process.end();
    await until(() => one.isEmpty(), 'the end of its keeper');
    const fourth = await startIn(other);
    expect(await fourth.open('own')).toMatchObject({ opened: 0 });
    for (const target of [second, third, fourth]) await target.process.end();
    await until(() => other.isEmpty(), 'the end of the keepers');
    await sidecar.end();
    for (const group of groups) group.remove();
  });

  test('a program that the policy does not let it serve', async () => {
    const defaults = { strategies: ['dispatcher'] };
    const log = await unserved({ policy: { version: 1, defaults } });
    expect(log).toContain('the container is not served');
  });

  test('where Yama keeps processes of one user apart it does not begin', async () => {
    const script = 'mount -t tmpfs t /proc/sys/kernel && mkdir /proc/sys/kernel/yama && ';
    const set = 'echo 1 > /proc/sys/kernel/yama/ptrace_scope && exec "$@"';
    const sidecar = new NotifierProcess({ before: ['unshare', '--mount', 'sh', '-c', script + set, 'sh'] });
    await expect(sidecar.start()).rejects.toThrow(/DEPUTY_E_NOTIFIER_UNABLE.*ptrace_scope is 1/s);
    await sidecar.end();
  });

  test('its socket is no abstract one', async () => {
    const sidecar = new NotifierProcess();
    Object.assign(sidecar, { socketPath: '@deputy' });
    await expect(sidecar.start()).rejects.toThrow(/DEPUTY_E_BROKER_SOCKET.*absolute path/s);
    await sidecar.end();
  });

  describe('who says what no listener keeper says', () => {
    const sidecar = new NotifierProcess();
    beforeAll(() => sidecar.start());
    afterAll(() => sidecar.end());
    const hello = [magic, version, 0, process.pid];

    test('other users do not connect', () => {
      expect(new Stranger(sidecar.socketPath, 108).socket).toBe(EACCES);
    });

    test('root, whom no mode keeps out, is turned away by who it is', async () => {
      const stranger = new Stranger(sidecar.socketPath, 0);
      stranger.send(hello, [0]);
      expect(await stranger.told()).toContain('its uid is 0');
    });

    test.each([
      ['bytes of another protocol', [1, 2, 3, 4], 1],
      ['another version', [magic, version + 1, 0, 1], 1],
      ['too few of them', [magic, version], 1],
      ['no descriptor', hello, 0],
      ['two descriptors', hello, 2],
    ])('%s: it is let go', async (_, words, count) => {
      const stranger = new Stranger(sidecar.socketPath);
      stranger.send(words, [0, 1].slice(0, count));
      expect(await stranger.told()).toBe('the end');
    });

    test('a descriptor that is no listener', async () => {
      const stranger = new Stranger(sidecar.socketPath);
      const file = openSync('/dev/null', 'r');
      stranger.send(hello, [file]);
      systemCall('close', file);
      expect(await stranger.told()).toMatch(/no seccomp listener/);
    });

    test('nothing at all: it is let go after a while', async () => {
      expect(await new Stranger(sidecar.socketPath).told()).toBe('the end');
    });

    test('more of them than there are places: who comes when they are gone is served', async () => {
      const all = Array.from({ length: 80 }, () => new Stranger(sidecar.socketPath));
      const target = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share);
      await target.started();
      const served = target.open('own');
      for (const { socket } of all) if (socket >= 0) systemCall('close', socket);
      expect(await served).toMatchObject({ opened: 0, text: 'contents of own' });
      await target.process.end();
      // None of them left anything behind that would keep the sidecar from ending.
      expect(await sidecar.stop()).toBe(0);
      expect(helloBytes).toBe(hello.length * 4);
    });
  });
});
