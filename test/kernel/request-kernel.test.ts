import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocate } from '../../adapters/linux/memory.js';
import { Identities } from '../../adapters/linux/request-kernel/identities.js';
import { LinuxRequestKernel } from '../../adapters/linux/request-kernel/linux-request-kernel.js';
import { type LoopListener, loopListener } from '../../adapters/linux/request-kernel/loop-listener.js';
import { receiveNotification } from '../../adapters/linux/seccomp.js';
import { AgentSocket } from '../../adapters/oci/agent-socket.js';
import { silentLogger } from '../../core/ports/logger.js';
import { RecordViews, RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import {
  type CallOptions,
  type FileName,
  type KernelFixture,
  type ReceivedCall,
  requestKernelSuite,
} from '../contract/request-kernel.suite.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { makeShare } from './support/share.js';
import { TrapTarget } from './support/trap-target.js';
import { nr, O, type TrapThread } from './support/trap-thread.js';

const files: readonly FileName[] = ['own', 'secret', 'folder', 'link', 'fifo'];
const openedAlways = 0o100000 | 0o2000000;

interface Scene {
  readonly target: TrapTarget;
  readonly thread: TrapThread;
  readonly listener: LoopListener;
  readonly mounts: Record<NonNullable<CallOptions['mount']>, number>;
}

/** A target whose listener is ours, with a thread that makes calls while the first one is asked things. */
async function startScene(share: string, socketPath: string, listeners: number[]): Promise<Scene> {
  const target = TrapTarget.start(share);
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  for (const file of files) await target.encode(file, file);
  await target.must('alloc gone 4096');
  await target.must(`put $gone ${(await target.handleHex('own')).replace(/.{16}$/, 'ffffff00ffffffff')}`);
  await target.must('alloc named 4096');
  const pathOnly = await target.open('.', O.PATH);
  await target.confine({ socketPath });
  const thread = await target.newThread(1);
  while (listeners.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const listener = loopListener(16, listeners.pop() as number);
  return {
    target,
    thread,
    listener,
    mounts: { share: mount, closed: 99, 'path-only': pathOnly, negative: -10002 },
  };
}

async function openFixture(): Promise<KernelFixture> {
  const { directory, share } = makeShare();
  const place = mkdtempSync(join(tmpdir(), 'deputy-kernel-'));
  const socketPath = join(place, 'agent.sock');
  const listeners: number[] = [];
  const socket = AgentSocket.open({
    path: socketPath,
    logger: silentLogger,
    onListener: (_, listener) => listeners.push(listener),
  });
  const kernel = new LinuxRequestKernel(new Identities(), undefined);
  const memory = allocate(recordBytes * 64);
  const views = new RecordViews(memory);
  let slot = 0;
  let scene = await startScene(share, socketPath, listeners);
  const call = async (options: CallOptions = {}): Promise<ReceivedCall> => {
    const { file = 'own', path, badPointer = false, mount = 'share' } = options;
    const { target, thread, listener, mounts } = scene;
    const handle = badPointer ? 8 : `$${path === undefined ? file : 'named'}`;
    if (path === undefined) await thread.begin(`call ${nr.open_by_handle_at} ${mounts[mount]} ${handle} 0`);
    else {
      await target.must('put $named 80000000');
      const words = `${mounts[mount]} s:${path} ${handle} $named+2048 0`;
      await thread.begin(`call ${nr.name_to_handle_at} ${words}`);
    }
    const record = new RequestRecord().attach(views, recordBytes * slot++, slot);
    receiveNotification(listener.descriptor, record.addressOf(offset.notification));
    record.listener = listener;
    const taken = new Set(readdirSync(`/proc/${target.pid}/fd`).map(Number));
    let lowestFree = 0;
    while (taken.has(lowestFree)) lowestFree++;
    return {
      record,
      lowestFree,
      answer: () => thread.wait(),
      giveUp: async () => {
        target.kill();
        await target.exited;
        scene = await startScene(share, socketPath, listeners);
      },
      statusFlags: (number) => {
        const text = readFileSync(`/proc/${target.pid}/fdinfo/${number}`, 'latin1');
        return Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8) & ~openedAlways;
      },
    };
  };
  return {
    kernel,
    call,
    heldDescriptors: () => readdirSync('/proc/self/fd').length,
    cleanUp: async () => {
      await scene.target.end();
      socket.close();
      // This thread has other ids and fewer rights by now; a child has what it needs.
      spawnSync('rm', ['-rf', directory, place]);
    },
  };
}

describeWhen(missingForKernel(), 'the port of the kernel, on Linux', () => requestKernelSuite(openFixture));
