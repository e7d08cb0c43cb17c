import type { Line } from './language.js';
import type { Resume } from './machine.js';
import type { Scene, Verb } from './run-case.js';
import { bitsOf, calls, numberOf, resultText, signals, statusText, traceOptions } from './words.js';

/** Byte offsets in struct user_regs_struct (sys/user.h). */
const at = { r10: 56, rax: 80, rdx: 96, rsi: 104, rdi: 112, originalRax: 120, rip: 128 } as const;
const instructionBytes = 2;

/** A call that a traced thread is to make next, with what it had before. */
const saved = new WeakMap<Scene, Map<string, Uint8Array>>();

function savedOf(scene: Scene): Map<string, Uint8Array> {
  const known = saved.get(scene) ?? new Map<string, Uint8Array>();
  saved.set(scene, known);
  return known;
}

async function resume(scene: Scene, line: Line, how: Resume): Promise<string> {
  const [name = '', signal] = line.words;
  const number = signal === undefined ? 0 : numberOf(signal, signals);
  return resultText(await scene.machine.resume(line.actor, name, how, number));
}

/** What the registers say of a call: its number, and its result. */
async function registers(scene: Scene, { actor, words: [name = ''] }: Line): Promise<string> {
  const bytes = await scene.machine.registers(actor, name);
  if (typeof bytes === 'number') return resultText(bytes);
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (offset: number): number => Number(words.getBigInt64(offset, true));
  const number = word(at.originalRax);
  const result = word(at.rax);
  return `call ${number} result ${result >= 0 ? (result > 4096 ? 'an address' : result) : resultText(result)}`;
}

/** Makes the thread stand before a call of the tracer's; from a stop in or behind a call. */
async function sets(scene: Scene, { actor, words: [name = '', call, ...values] }: Line): Promise<string> {
  const bytes = await scene.machine.registers(actor, name);
  if (typeof bytes === 'number') return resultText(bytes);
  if (!savedOf(scene).has(name)) savedOf(scene).set(name, bytes.slice());
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const first = new DataView((savedOf(scene).get(name) as Uint8Array).buffer);
  words.setBigInt64(at.rip, first.getBigInt64(at.rip, true) - BigInt(instructionBytes), true);
  words.setBigInt64(at.rax, BigInt(numberOf(call, calls)), true);
  words.setBigInt64(at.originalRax, -1n, true);
  [at.rdi, at.rsi, at.rdx, at.r10].forEach((offset, index) => {
    words.setBigInt64(offset, BigInt(values[index] ?? 0), true);
  });
  return resultText(await scene.machine.setRegisters(actor, name, bytes));
}

/** Puts back what the thread had, with a result for its own call. */
async function restores(scene: Scene, { actor, words: [name = '', value] }: Line): Promise<string> {
  const bytes = savedOf(scene).get(name);
  if (bytes === undefined) throw new Error(`nothing is saved of ${name}`);
  const words = new DataView(bytes.buffer);
  if (value !== undefined) {
    words.setBigInt64(at.rax, BigInt(value), true);
    words.setBigInt64(at.originalRax, -1n, true);
  }
  return resultText(await scene.machine.setRegisters(actor, name, bytes));
}

async function maskText(scene: Scene, { actor, words: [name = ''] }: Line): Promise<string> {
  const bytes = await scene.machine.signalMask(actor, name);
  return typeof bytes === 'number'
    ? resultText(bytes)
    : [...bytes].map((byte) => byte.toString(16)).join(' ');
}

export const tracerVerbs: Readonly<Record<string, Verb>> = {
  seize: async (scene, { actor, words: [name = '', options = 'TRACESYSGOOD'] }) =>
    resultText(await scene.machine.seize(actor, name, bitsOf(options, traceOptions))),
  interrupt: async (scene, { actor, words: [name = ''] }) =>
    resultText(await scene.machine.interrupt(actor, name)),
  waits: async (scene, { actor, words: [name = ''] }) => statusText(await scene.machine.status(actor, name)),
  continue: (scene, line) => resume(scene, line, 'continue'),
  syscall: (scene, line) => resume(scene, line, 'syscall'),
  detach: (scene, line) => resume(scene, line, 'detach'),
  options: async (scene, { actor, words: [name = '', options = ''] }) =>
    resultText(await scene.machine.setOptions(actor, name, bitsOf(options, traceOptions))),
  registers,
  sets,
  restores,
  mask: maskText,
  'masks-all': async (scene, { actor, words: [name = ''] }) =>
    resultText(await scene.machine.setSignalMask(actor, name, new Uint8Array(8).fill(0xff))),
  'masks-none': async (scene, { actor, words: [name = ''] }) =>
    resultText(await scene.machine.setSignalMask(actor, name, new Uint8Array(8))),
  dies: async (scene, { actor }) => {
    await scene.machine.die(actor);
    return 'done';
  },
};
