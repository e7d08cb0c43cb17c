import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { say } from './launcher-channel.js';

const F_GETFD = 1;
const FD_CLOEXEC = 1;
const textBytesMax = 64;

/** The arguments of the probe's calls; the parent compares them with what the kernel tells it. */
export const probeCall = {
  mountDescriptor: -77,
  flags: 0o2000000,
  handleType: 0x7e57,
  handleBytes: 8,
} as const;
/** How often a probe calls: once for an errno, once for a descriptor. */
export const probeRounds = 2;

/** Makes the calls of the self-test from this thread, and says what each returned (open_by_handle_at(2)). */
export function makeProbeCalls(token: string): void {
  const memory = allocate(4096);
  memory.u32[0] = probeCall.handleBytes;
  memory.u32[1] = probeCall.handleType;
  memory.putString(8, token.slice(0, probeCall.handleBytes));
  for (let round = 0; round < probeRounds; round++) {
    const { mountDescriptor, flags } = probeCall;
    const returned = systemCall('open_by_handle_at', mountDescriptor, memory.address, flags);
    say({ type: 'probed', returned, ...(returned >= 0 ? describe(returned) : {}) });
  }
}

function describe(descriptor: number): { text: string; closedOnExec: boolean } {
  const memory = allocate(4096);
  const count = systemCall('pread64', descriptor, memory.address, textBytesMax, 0);
  return {
    text: count > 0 ? Buffer.from(memory.u8.slice(0, count)).toString('latin1') : '',
    closedOnExec: (systemCall('fcntl', descriptor, F_GETFD) & FD_CLOEXEC) !== 0,
  };
}
