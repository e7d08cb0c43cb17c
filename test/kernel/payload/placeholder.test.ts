import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';
import { Meddler } from './meddler.js';

/** A start takes so long under load; only what never comes waits for it. */
const startMsMax = 20_000;
/** More than the placeholder has places for (MAX_PEERS of placeholder.c). */
const strangers = 40;
const targetUser = 107;

/** Whoever is outside may speak to a placeholder as deputy does. */
class Outsider {
  heard = '';
  isClosed = false;

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('data', (bytes) => {
      this.heard += bytes.toString('latin1');
    });
  }

  static async connect(target: DispatchTarget): Promise<Outsider> {
    for (;;) {
      const socket = connect(target.socketPath);
      const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) =>
        socket.once('error', resolve).once('connect', () => resolve(undefined)),
      );
      if (error === undefined) return new Outsider(socket);
      // connect(2): its queue is full for a moment.
      if (error.code !== 'EAGAIN') throw error;
      await sleep(1);
    }
  }

  say(line: string): void {
    this.socket.write(`${line}\n`);
  }

  async hears(text: string): Promise<void> {
    await until(() => this.heard.includes(text), `'${text}' in '${this.heard}'`);
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** Its /proc/PID/status, or nothing when it has been reaped. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** Its number in the target's pid namespace. */
function numberInside(pid: number): number {
  return Number(/^NSpid:.*\t(\d+)$/m.exec(statusOf(pid))?.[1]);
}

/** The one process of the target whose program is the payload's. */
function payloadOf(target: DispatchTarget): number {
  const own = target.processes().find((pid) => wordsOf(pid)[0]?.endsWith('/payload'));
  if (own === undefined) throw new Error('no payload');
  return own;
}

describeWhen(missingForKernel(), 'a placeholder among strangers', () => {
  const outsiders: Outsider[] = [];
  const targets: DispatchTarget[] = [];
  afterEach(async () => {
    for (const one of outsiders.splice(0)) one.leave();
    for (const one of targets.splice(0)) await one.end();
  });

  const begin = async (): Promise<DispatchTarget> => {
    const target = await new DispatchTarget().start({ user: targetUser });
    targets.push(target);
    return target;
  };
  const come = async (target: DispatchTarget): Promise<Outsider> => {
    const one = await Outsider.connect(target);
    outsiders.push(one);
    return one;
  };
  const comeMany = (target: DispatchTarget): Promise<Outsider[]> =>
    Promise.all(Array.from({ length: strangers }, () => come(target)));

  const zombies = (target: DispatchTarget): number[] =>
    target.processes().filter((pid) => /^State:\tZ/m.test(statusOf(pid)));

  test('who hold connections, flood it and lie to it: it names, reaps and relays all the same', async () => {
    const target = await begin();
    const program = compileTarget('payload', ['-static']);
    // Inside, and outside before anybody else, with a name for what is no child of it.
    const meddler = Meddler.start(target, targetUser);
    expect(await meddler.told(`hold ${10 * strangers} ${target.socketPath}`)).toBe(`${10 * strangers} done`);
    await comeMany(target);
    const liar = await come(target);
    liar.say('payload 999999');
    await liar.hears('unknown\n');
    expect(await meddler.told(`flood ${target.socketPath}`)).toMatch(/ done$/);

    const flags = ['--placeholder-socket', target.socketPath];
    const dispatch = target.begin(flags, [program, 'copy']);
    let output = '';
    dispatch.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    const code = new Promise((resolve) => dispatch.once('close', resolve));
    const echo = async (text: string): Promise<void> => {
      dispatch.stdin?.write(text);
      await until(() => output.endsWith(text), `'${text}' to come back`, startMsMax);
    };
    await echo('begun\n');

    // Who has named the payload keeps its place, whoever else comes.
    const inside = numberInside(payloadOf(target));
    const relay = await come(target);
    relay.say(`payload ${inside}`);
    await relay.hears('named\n');
    await comeMany(target);
    expect(await meddler.told('find /payload')).toBe(`${inside} done`);
    expect(await meddler.told('spoof 200')).toBe('200 done');
    target.kill('SIGCHLD');
    expect(await meddler.told('orphans 100')).toBe('100 done');
    await until(() => target.processes().length < 10 && zombies(target).length === 0, 'all to be reaped');
    await echo('goes on\n');
    expect(relay.isClosed).toBe(false);

    dispatch.stdin?.end();
    // The payload's own code, by whichever way.
    expect({ code: await code, exited: await target.exited }).toEqual({ code: 3, exited: 3 });
    await relay.hears(`ended ${inside} ${3 << 8}\n`);
    await meddler.end();
  });

  test('is told how a payload ended that nobody had named before', async () => {
    const target = await begin();
    const meddler = Meddler.start(target, targetUser);
    const program = compileTarget('payload', ['-static']);
    const dispatch = target.begin(['--user', `${targetUser}`], [program, 'sleep', '60']);
    await new Promise((resolve) => dispatch.stdout?.once('data', resolve));
    const inside = numberInside(payloadOf(target));
    const exited = new Promise((resolve) => dispatch.once('exit', resolve));
    expect(await meddler.told('find /payload')).toBe(`${inside} done`);
    expect(await meddler.told('signal 9')).toBe('0 done');
    expect(await exited).toBe(128 + 9);
    // Whoever comes late learns it still, and its container ends so.
    const late = await come(target);
    late.say(`payload ${inside}`);
    await late.hears(`named\nended ${inside} 9\n`);
    expect(await target.exited).toBe(128 + 9);
    await meddler.end();
  });
});
