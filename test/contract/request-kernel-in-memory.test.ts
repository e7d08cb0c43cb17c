import { describe } from 'vitest';
import { errnoText } from '../../core/errors/errno.js';
import { standaloneRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { MemoryKernel, type MemoryNotification } from '../../simulator/index.js';
import { handleOf, ids, sampleWorld } from '../support/simulated-request.js';
import {
  type CallOptions,
  type KernelFixture,
  type ReceivedCall,
  requestKernelSuite,
} from './request-kernel.suite.js';

const mounts = { share: 3, closed: 77, 'path-only': 5, negative: -10002 } as const;
const at = { handle: 0x1000, path: 0x2000, mountId: 0x3000 } as const;

function resultOf({ answer }: MemoryNotification): number | string {
  if (answer === undefined) throw new Error('there is no answer');
  return answer.kind === 'errno' ? errnoText(answer.value) : answer.value;
}

async function openFixture(): Promise<KernelFixture> {
  const world = sampleWorld();
  const kernel = new MemoryKernel(world);
  const thread = world.threads.get(ids.thread);
  if (thread === undefined) throw new Error('the world has no thread');
  const call = async (options: CallOptions = {}): Promise<ReceivedCall> => {
    const { file = 'own', path, badPointer = false, mount = 'share' } = options;
    const record = standaloneRecord();
    const notification = world.notify();
    record.views.u64[offset.notificationId >> 3] = notification.id;
    record.setU32(offset.threadId, ids.thread);
    record.setI32(offset.arguments, mounts[mount]);
    const pointers = path === undefined ? [at.handle] : [at.path, at.handle, at.mountId];
    pointers.forEach((address, index) => {
      record.views.u64[(offset.arguments >> 3) + 1 + index] = BigInt(badPointer ? 8 : address);
    });
    thread.memory.set(at.handle, handleOf(world, file));
    thread.memory.set(at.mountId, new Uint8Array(8));
    if (path !== undefined) thread.paths.set(at.path, path);
    let lowestFree = 0;
    while (thread.descriptors.has(lowestFree)) lowestFree++;
    return {
      record,
      lowestFree,
      answer: async () => resultOf(notification),
      giveUp: async () => {
        notification.state = 'cancelled';
      },
      statusFlags: (number) => thread.descriptors.get(number)?.open?.statusFlags ?? -1,
    };
  };
  return { kernel, call, heldDescriptors: () => world.held.size, cleanUp: async () => {} };
}

describe('the port of the kernel, in memory', () => requestKernelSuite(openFixture));
