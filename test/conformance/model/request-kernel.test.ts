import { describe } from 'vitest';
import { errnoText } from '../../../core/errors/errno.js';
import {
  type CallOptions,
  type KernelFixture,
  type ReceivedCall,
  requestKernelSuite,
} from '../../contract/request-kernel.suite.js';
import { targetId } from '../../kernel/support/share.js';
import { ModelMachine } from './model-machine.js';

const openByHandleAt = 304;
const nameToHandleAt = 303;
const O_PATH = 0o10000000;
const pathAt = 1024;
const mountIdAt = 2048;

/** The modelled kernel's port: each call is made by a child of its own, so that it can die. */
async function openFixture(): Promise<KernelFixture> {
  const machine = new ModelMachine();
  const pathOnly = await machine.open('P', '.', O_PATH);
  const listener = await machine.take('P', await machine.install('P', false));
  const mounts = { share: 3, closed: 99, 'path-only': pathOnly, negative: -10002 } as const;
  let calls = 0;
  const call = async (options: CallOptions = {}): Promise<ReceivedCall> => {
    const { file = 'own', path, badPointer = false, mount = 'share' } = options;
    const name = `child-${calls++}`;
    await machine.add(name, 'fork');
    await machine.drop(name, targetId);
    const memory = await machine.allocate(name, 4096, false);
    const handle = (await machine.handleOf(file === 'gone' ? 'own' : file)).slice();
    if (file === 'gone') handle[12] = 99;
    await machine.write(name, memory, path === undefined ? handle : new Uint8Array([128]));
    const at = badPointer ? 8 : memory;
    if (path === undefined) await machine.begin(name, openByHandleAt, [mounts[mount], at, 0]);
    else {
      await machine.write(name, memory + pathAt, new TextEncoder().encode(`${path}\0`));
      const values = [mounts[mount], memory + pathAt, at, memory + mountIdAt, 0];
      await machine.begin(name, nameToHandleAt, values);
    }
    const record = machine.receive(listener);
    const taken = new Set(await machine.descriptors(name));
    let lowestFree = 0;
    while (taken.has(lowestFree)) lowestFree++;
    return {
      record,
      lowestFree,
      answer: async () => {
        const state = await machine.state(name);
        if (state.kind !== 'returned') throw new Error(`the call is ${state.kind}`);
        return state.value < 0 ? errnoText(-state.value) : state.value;
      },
      giveUp: () => machine.signalProcess(name, 9),
      statusFlags: (number) => machine.statusFlags(name, number),
    };
  };
  return {
    kernel: machine.requestKernel,
    call,
    heldDescriptors: () => machine.heldDescriptors,
    cleanUp: async () => {},
  };
}

describe('the port of the kernel, over the modelled one', () => requestKernelSuite(openFixture));
