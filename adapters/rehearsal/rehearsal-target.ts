import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { installListener } from '../launcher/install-listener.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { AT_FDCWD } from '../linux/open-flags.js';
import { blockSignals } from '../linux/signals.js';

/**
 * Entry of a thread that plays the target in a rehearsal: it puts itself, and no other thread, under a filter
 * and calls as a target would. A filter is its thread's own (seccomp(2)) and goes with it.
 */
export interface RehearsalStart {
  /** Calls of each kind after the first one. */
  readonly rounds: number;
}

const PR_SET_NO_NEW_PRIVS = 38;
const pathAt = 0;
const handleAt = 2048;
const mountIdAt = 3072;
const handleBytes = 128;

function main(): void {
  const { rounds } = workerData as RehearsalStart;
  blockSignals();
  const memory = allocate(4096);
  memory.putString(pathAt, fileURLToPath(import.meta.url));
  const mount = systemCall('openat', AT_FDCWD, memory.address + pathAt, 0);
  systemCall('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const { descriptor } = installListener({
    syscalls: ['open_by_handle_at', 'name_to_handle_at'],
    waitKillable: true,
    refuseIoUring: false,
  });
  parentPort?.postMessage(descriptor);
  for (let round = 0; round <= rounds; round++) callOnce(memory, mount);
  if (mount >= 0) systemCall('close', mount);
}

/** A handle, what is behind it, and one that nothing is behind; whatever comes of it. */
function callOnce(memory: NativeMemory, mount: number): void {
  const handle = memory.address + handleAt;
  memory.u32[handleAt >> 2] = handleBytes;
  const path = memory.address + pathAt;
  systemCall('name_to_handle_at', AT_FDCWD, path, handle, memory.address + mountIdAt, 0);
  const opened = systemCall('open_by_handle_at', mount, handle, 0);
  if (opened >= 0) systemCall('close', opened);
  memory.u8[handleAt + 12] = (memory.u8[handleAt + 12] as number) ^ 0xff;
  const another = systemCall('open_by_handle_at', mount, handle, 0);
  if (another >= 0) systemCall('close', another);
}

main();
