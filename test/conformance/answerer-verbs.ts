import { type ErrnoName, errnoNumbers } from '../../core/errors/errno.js';
import { notifyCommand } from '../../core/injector/injector-kernel.js';
import type { Line } from './language.js';
import type { Bytes, HandlerStep } from './machine.js';
import type { Known, Scene, Verb } from './run-case.js';
import { describedText, option } from './target-verbs.js';
import { bitsOf, calls, numberOf, openFlags, resultText } from './words.js';

const notificationBytes = 80;
const answerBytes = 24;
const O_CLOEXEC = 0o2000000;
const addFlags = { setfd: 1, send: 2 } as const;

function bytesOf(id: bigint): { bytes: Uint8Array; words: DataView } {
  const bytes = new Uint8Array(answerBytes);
  const words = new DataView(bytes.buffer);
  words.setBigUint64(0, id, true);
  return { bytes, words };
}

function callName(number: number): string {
  return Object.keys(calls).find((name) => calls[name] === number) ?? `call ${number}`;
}

/** What RECV wrote, and a name for it. */
function received(scene: Scene, name: string, listener: number, bytes: Uint8Array): string {
  const words = new DataView(bytes.buffer);
  const id = words.getBigUint64(0, true);
  const first = scene.firstIds.get(listener) ?? id;
  scene.firstIds.set(listener, first);
  scene.notifications.set(name, { id, listener });
  const arguments_ = [words.getInt32(32, true), words.getInt32(48, true)];
  const parts = [
    `id+${BigInt.asUintN(64, id - first)}`,
    scene.nameOf(words.getUint32(8, true)),
    `flags ${words.getUint32(12, true)}`,
    callName(words.getInt32(16, true)),
    words.getUint32(20, true).toString(16),
    ...arguments_.map(String),
  ];
  return parts.join(' ');
}

async function receive(scene: Scene, line: Line): Promise<string> {
  const [name = 'n'] = line.words;
  const listener = scene.listener(option(line, 'of'));
  const ready = await scene.machine.poll(listener);
  if (!ready.includes('IN') && !line.words.includes('anyway')) return 'would wait';
  const bytes = new Uint8Array(notificationBytes);
  if (line.words.includes('dirty')) bytes[79] = 1;
  const command = notifyCommand.RECV;
  const pointer = line.words.find((word) => word === 'nowhere' || word === 'read-only');
  const result = await scene.machine.ioctl(listener, command, (pointer as Bytes | undefined) ?? bytes);
  return result < 0 ? resultText(result) : received(scene, name, listener, bytes);
}

async function send(scene: Scene, line: Line): Promise<string> {
  const [name, kind, value] = line.words;
  const known: Known = name === 'stranger' ? stranger(scene, line) : scene.notification(name);
  const { bytes, words } = bytesOf(known.id);
  if (kind === 'value') words.setBigInt64(8, BigInt(value ?? 0), true);
  else if (kind === 'error') words.setInt32(16, -errnoNumbers[value as ErrnoName], true);
  else if (kind === 'raw-error') words.setInt32(16, Number(value), true);
  else if (kind === 'continue') words.setUint32(20, 1, true);
  if (kind === 'continue' && value !== undefined) words.setBigInt64(8, BigInt(value), true);
  const flags = option(line, 'flags');
  if (flags !== undefined) words.setUint32(20, Number(flags), true);
  return resultText(await scene.machine.ioctl(known.listener, notifyCommand.SEND, bytes));
}

/** A notification that there has never been. */
function stranger(scene: Scene, line: Line): Known {
  return { id: 12345n, listener: scene.listener(option(line, 'of')) };
}

async function add(scene: Scene, line: Line): Promise<string> {
  const [name, source = ''] = line.words;
  const known: Known = name === 'stranger' ? stranger(scene, line) : scene.notification(name);
  const { bytes, words } = bytesOf(known.id);
  const at = option(line, 'at');
  let flags = line.words.includes('send') ? addFlags.send : 0;
  if (at !== undefined) flags |= addFlags.setfd;
  words.setUint32(8, Number(option(line, 'flags') ?? flags), true);
  words.setUint32(12, scene.own.get(source) ?? Number(source), true);
  words.setUint32(16, Number(at ?? option(line, 'number') ?? 0), true);
  const newFlags = line.words.includes('cloexec') ? O_CLOEXEC : 0;
  words.setUint32(20, Number(option(line, 'new-flags') ?? newFlags), true);
  return resultText(await scene.machine.ioctl(known.listener, notifyCommand.ADDFD, bytes));
}

/** Steps whose number, if there is one, says nothing. */
const opaque = new Set(['open-probe', 'open', 'open-path', 'note-file', 'check-truncated']);

function stepText({ name, result }: HandlerStep): string {
  if (result < 0) return `${name} ${resultText(result)}`;
  return opaque.has(name) ? `${name} ok` : `${name} ${result}`;
}

async function serve(scene: Scene, line: Line): Promise<string> {
  const listener = scene.listener(option(line, 'of'));
  const ready = await scene.machine.poll(listener);
  if (!ready.includes('IN')) return 'would wait';
  const steps = await scene.machine.serve({ listener, policy: scene.policy });
  return steps.map(stepText).join(', ');
}

async function close(scene: Scene, { words: [name = 'L'] }: Line): Promise<string> {
  const holder = scene.own.has(name) ? scene.own : scene.listeners;
  const number = holder.get(name);
  if (number === undefined) throw new Error(`nothing is called ${name}`);
  return resultText(await scene.machine.close(number));
}

export const answererVerbs: Readonly<Record<string, Verb>> = {
  receive,
  valid: async (scene, line) => {
    const known = line.words[0] === 'stranger' ? stranger(scene, line) : scene.notification(line.words[0]);
    const bytes = bytesOf(known.id).bytes.slice(0, 8);
    return resultText(await scene.machine.ioctl(known.listener, notifyCommand.ID_VALID, bytes));
  },
  send,
  add,
  serve,
  close,
  poll: async (scene, line) => (await scene.machine.poll(scene.listener(line.words[0]))) || 'nothing',
  flags: async (scene, { words: [value] }) => {
    // The argument is no pointer; both machines take it as one byte.
    const result = await scene.machine.ioctl(
      scene.listener(),
      notifyCommand.SET_FLAGS,
      Uint8Array.of(Number(value)),
    );
    return resultText(result);
  },
  ioctl: async (scene, { words: [command] }) =>
    resultText(await scene.machine.ioctl(scene.listener(), Number(command), new Uint8Array(80))),
  open: async (scene, { words: [name = '', path = '', flags = 'RDONLY'] }) => {
    const number = await scene.machine.openOwn(path, bitsOf(flags, openFlags));
    if (number < 0) return resultText(number);
    scene.own.set(name, number);
    return 'done';
  },
  describe: async (scene, { words: [name = ''] }) =>
    describedText(scene, await scene.machine.describeOwn(scene.own.get(name) ?? -1)),
  duplicate: async (scene, { words: [from, to = ''] }) => {
    scene.listeners.set(to, await scene.machine.duplicate(scene.listener(from)));
    return 'done';
  },
  /** Takes a listener that a thread has under a number. */
  take: async (scene, { words: [name = '', number, as = 'L'] }) => {
    const own = await scene.machine.take(name, numberOf(number));
    if (own < 0) return resultText(own);
    scene.listeners.set(as, own);
    return 'done';
  },
  /** A field of the policy: its name, and its value as JSON. */
  policy: async (scene, { words: [name = '', ...value] }) => {
    scene.policy[name] = JSON.parse(value.join(' ').replaceAll('SHARE', await scene.machine.sharePath()));
    return 'done';
  },
};
