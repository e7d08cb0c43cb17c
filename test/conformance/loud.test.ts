import { describe, expect, test } from 'vitest';
import { ModelMachine } from './model/model-machine.js';

const gap = { code: 'DEPUTY_E_MODEL_GAP' };

/** What the model lacks is an error, and never an answer that nobody has compared. */
describe('what the model does not know fails loudly', () => {
  test.each([
    ['a call', 39, []],
    ['unshare(2) of something else', 272, [0x20000]],
  ] as const)('%s', async (_, number, values) => {
    const machine = new ModelMachine();
    await machine.add('A', 'thread');
    await expect(machine.begin('A', number, [...values])).rejects.toMatchObject(gap);
  });

  test('a connectable handle', async () => {
    const machine = new ModelMachine();
    const listener = await machine.take('P', await machine.install('P', false));
    await machine.add('A', 'thread');
    const memory = await machine.allocate('A', 4096, false);
    await machine.write('A', memory, new Uint8Array([128]));
    await machine.write('A', memory + 1024, new TextEncoder().encode('own\0'));
    await machine.begin('A', 303, [3, memory + 1024, memory, memory + 2048, 2]);
    await expect(machine.serve({ listener, policy: {} })).rejects.toMatchObject(gap);
  });

  test('a RECV that would wait', async () => {
    const machine = new ModelMachine();
    const listener = await machine.take('P', await machine.install('P', false));
    await expect(machine.ioctl(listener, 0xc0502100, new Uint8Array(80))).rejects.toMatchObject(gap);
  });
});
