import { Worker } from 'node:worker_threads';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { EPOLLIN, EpollSet } from '../linux/poll.js';
import { receiveNotification } from '../linux/seccomp.js';
import { entryUrl } from '../supervisor/entry-path.js';
import type { RequestServer } from '../supervisor/request-server.js';
import type { RehearsalStart } from './rehearsal-target.js';

/** So many calls have all of a request's code compiled; they take some ten milliseconds. */
const rounds = 100;
/** A loop that can't serve this process's own thread by then could serve nobody. */
const limitMs = 5_000;
const lookMs = 2;

/**
 * Has the first loop answer the calls of a thread of this process, the first of them as a request that a
 * predecessor left: a successor's first real requests find nothing cold. Where no filter can be installed
 * there is no rehearsal. Throws when the loop doesn't serve.
 */
export async function rehearseLoop(server: RequestServer, policy: ResolvedPolicy): Promise<void> {
  const workerData: RehearsalStart = { rounds };
  const entry = entryUrl(new URL('./rehearsal-target.js', import.meta.url));
  const worker = new Worker(entry, { workerData, name: 'deputy-rehearsal' });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  const listener = await new Promise<number>((resolve) => {
    worker.once('message', resolve);
    worker.once('error', () => resolve(-1));
  });
  if (listener < 0) return;
  try {
    const former = await receiveFirst(listener);
    if (former === undefined) throw new Error('the rehearsal made no call');
    const served = server.rehearse({ descriptor: listener, policy, former: [former] });
    await within(ended);
    await within(served.detach());
  } finally {
    // Calls that nobody answered end with ENOSYS, and the thread with them.
    systemCall('close', listener);
  }
}

/** The first call as a predecessor's record would have it: received, and no further. */
async function receiveFirst(listener: number): Promise<Uint8Array | undefined> {
  if (!(await hasCall(listener))) return undefined;
  const memory = allocate(4096);
  if (receiveNotification(listener, memory.address + offset.notification) < 0) return undefined;
  return memory.u8.slice(0, recordBytes);
}

/** Waits without keeping this thread from its signs of life. */
async function hasCall(listener: number): Promise<boolean> {
  const epoll = new EpollSet(1);
  epoll.add(listener, 1);
  let called = false;
  for (let waitedMs = 0; !called && waitedMs < limitMs; waitedMs += lookMs) {
    called = epoll.wait(0) > 0 && (epoll.ready(0) & EPOLLIN) !== 0;
    if (!called) await new Promise<void>((resolve) => setTimeout(resolve, lookMs));
  }
  epoll.close();
  return called;
}

function within(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the loop did not serve the rehearsal')), limitMs);
    void work.then(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
