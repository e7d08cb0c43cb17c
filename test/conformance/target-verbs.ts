import type { Line } from './language.js';
import type { Action, Described, ThreadState } from './machine.js';
import type { Scene, Verb } from './run-case.js';
import { bitsOf, calls, numberOf, openFlags, resultText, signals } from './words.js';

const AT_FDCWD = -100;
/** Where things stand in the memory of a thread. */
const place = { handle: 0, path: 1024, mountId: 6144, bytes: 8192 } as const;
const handleFlags: Readonly<Record<string, number>> = {
  UNIQUE: 1,
  CONNECTABLE: 2,
  FID: 0x200,
  FOLLOW: 0x400,
  EMPTY_PATH: 0x1000,
};

/** `key=value` among the words. */
export function option({ words }: Line, key: string): string | undefined {
  return words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
}

function plainWords({ words }: Line): string[] {
  return words.filter((word) => !word.includes('='));
}

function stateText(state: ThreadState): string {
  return state.kind === 'returned' ? resultText(state.value) : state.kind;
}

async function makeCall({ machine }: Scene, name: string, number: number, values: readonly number[]) {
  await machine.begin(name, number, values);
  return stateText(await machine.state(name));
}

async function memoryOf(scene: Scene, name: string): Promise<number> {
  const known = scene.memory.get(name);
  if (known !== undefined) return known;
  const address = await scene.machine.allocate(name, place.bytes, false);
  scene.memory.set(name, address);
  return address;
}

/** The address of a handle of a file, changed as the words say. */
async function putHandle(scene: Scene, line: Line, path: string): Promise<number> {
  const { actor } = line;
  const bytes = (await scene.machine.handleOf(path)).slice();
  const words = new DataView(bytes.buffer);
  const size = option(line, 'size');
  const type = option(line, 'type');
  if (size !== undefined) words.setUint32(0, Number(size), true);
  if (type !== undefined) words.setInt32(4, Number(type), true);
  if (option(line, 'generation') !== undefined) words.setUint32(12, 0xdead, true);
  const pointer = option(line, 'pointer');
  if (pointer === 'bad') return 8;
  if (pointer === 'wild') return -4096;
  if (pointer !== undefined) {
    const address = await scene.machine.allocate(actor, Number(pointer), true);
    await scene.machine.write(actor, address, bytes.subarray(0, Number(pointer)));
    return address;
  }
  const address = (await memoryOf(scene, actor)) + place.handle;
  await scene.machine.write(actor, address, bytes);
  return address;
}

async function open(scene: Scene, line: Line): Promise<string> {
  const [path = '', flags = 'RDONLY'] = plainWords(line);
  const pointer = await putHandle(scene, line, path);
  const mount = Number(option(line, 'mount') ?? 3);
  const number = numberOf(option(line, 'number') ?? 'open_by_handle_at', calls);
  return makeCall(scene, line.actor, number, [mount, pointer, bitsOf(flags, openFlags)]);
}

async function nameToHandle(scene: Scene, line: Line): Promise<string> {
  const [path = ''] = plainWords(line);
  const { machine } = scene;
  const memory = await memoryOf(scene, line.actor);
  const text = path === '-' ? '' : path.replace(/^long:(\d+)$/, (_, count) => 'x'.repeat(Number(count)));
  const encoded = new TextEncoder().encode(`${text}\0`);
  await machine.write(line.actor, memory + place.path, encoded);
  const room = Number(option(line, 'room') ?? 128);
  await machine.write(line.actor, memory + place.handle, new Uint8Array(new Uint32Array([room, 0]).buffer));
  const pathPointer = option(line, 'path') === 'bad' ? 8 : memory + place.path;
  const handlePointer = option(line, 'handle') === 'bad' ? 8 : memory + place.handle;
  const mountPointer = option(line, 'mountid') === 'bad' ? 8 : memory + place.mountId;
  const directory = option(line, 'at') === 'cwd' ? AT_FDCWD : Number(option(line, 'at') ?? 3);
  const flags = bitsOf(option(line, 'flags') ?? '0', handleFlags);
  const values = [directory, pathPointer, handlePointer, mountPointer, flags];
  return makeCall(scene, line.actor, numberOf('name_to_handle_at', calls), values);
}

/** What stands in the handle's place now: its size, its type, and whose handle it is. */
async function handleText(scene: Scene, { actor, words }: Line): Promise<string> {
  const memory = await memoryOf(scene, actor);
  const bytes = await scene.machine.read(actor, memory + place.handle, 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const known = await scene.machine.handleOf(words[0] ?? '');
  const isSame = bytes.subarray(8, 16).every((byte, index) => byte === known[8 + index]);
  return `${view.getUint32(0, true)} bytes of type ${view.getInt32(4, true)}, ${isSame ? 'its own' : 'not its'}`;
}

export function describedText(scene: Scene, described: Described | number): string {
  if (typeof described === 'number') return resultText(described);
  const { type, flags, closeOnExec, file } = described;
  return `${scene.file(file)} type ${type} flags 0${flags.toString(8)}${closeOnExec ? ' cloexec' : ''}`;
}

async function filter(scene: Scene, line: Line, takes: boolean): Promise<string> {
  const { machine } = scene;
  const [flavour = 'plain', name = 'L'] = plainWords(line);
  const number = await machine.install(line.actor, flavour === 'killable');
  if (number < 0 || !takes) return resultText(number);
  const own = await machine.take(line.actor, number);
  if (own < 0) return resultText(own);
  scene.listeners.set(name, own);
  await makeCall(scene, line.actor, numberOf('close', calls), [number]);
  return resultText(number);
}

async function done(promise: Promise<void>): Promise<string> {
  await promise;
  return 'done';
}

export const targetVerbs: Readonly<Record<string, Verb>> = {
  new: async (scene, { actor }) => {
    await scene.machine.add(actor, 'thread');
    scene.threads.set(actor, scene.machine.threadId(actor));
    return 'done';
  },
  fork: async (scene, { actor }) => {
    await scene.machine.add(actor, 'fork');
    scene.threads.set(actor, scene.machine.threadId(actor));
    return 'done';
  },
  /** Installs a filter; the answerer takes the listener, and the target keeps none. */
  filter: (scene, line) => filter(scene, line, true),
  /** As filter, but the listener stays where it is. */
  install: (scene, line) => filter(scene, line, false),
  user: (scene, { actor, words }) => done(scene.machine.drop(actor, Number(words[0]))),
  open,
  name: nameToHandle,
  handle: handleText,
  call: (scene, { actor, words: [name, ...values] }) =>
    makeCall(scene, actor, numberOf(name, calls), values.map(Number)),
  returns: async (scene, { actor }) => stateText(await scene.machine.state(actor)),
  on: (scene, { words: [name, action] }) =>
    done(scene.machine.act(numberOf(name, signals), action as Action)),
  blocks: (scene, { actor, words: [name] }) => done(scene.machine.mask(actor, numberOf(name, signals), true)),
  unblocks: (scene, { actor, words: [name] }) =>
    done(scene.machine.mask(actor, numberOf(name, signals), false)),
  /** A signal for this thread. */
  kill: (scene, { actor, words: [name] }) => done(scene.machine.signalThread(actor, numberOf(name, signals))),
  /** A signal for the process. */
  signal: (scene, { actor, words: [name] }) =>
    done(scene.machine.signalProcess(actor, numberOf(name, signals))),
  handled: async (scene) => `${await scene.machine.handled()}`,
  fds: async (scene, { actor }) => (await scene.machine.descriptors(actor)).join(' '),
  describe: async (scene, { actor, words: [number] }) =>
    describedText(scene, await scene.machine.describe(actor, Number(number))),
  limit: (scene, { words: [count] }) => done(scene.machine.limitDescriptors(Number(count))),
  exit: (scene, { actor }) => done(scene.machine.endThread(actor)),
  execute: (scene) => done(scene.machine.execute()),
  opens: async (scene, { actor, words: [path = '', flags = 'RDONLY'] }) =>
    resultText(await scene.machine.open(actor, path, bitsOf(flags, openFlags))),
  'opens-read-only-mount': async (scene) => resultText(await scene.machine.openReadOnlyMount()),
  'opens-proc': async (scene) => resultText(await scene.machine.openProc()),
  removes: (scene, { words: [path = ''] }) => done(scene.machine.removeFile(path)),
};
