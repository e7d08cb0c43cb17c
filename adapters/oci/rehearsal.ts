import { createSocketPair, SOCK_SEQPACKET, sendWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { peerCredentials } from '../linux/sockets.js';
import { type ConnectionOutcome, RuntimeConnection } from './connection.js';

const timeoutMs = 1_000;

/** As a runtime sends it; what comes with it is no listener, and closed. */
const message = JSON.stringify({
  ociVersion: '1.0.2',
  fds: ['seccompFd'],
  pid: 1,
  metadata: 'rehearsal',
  state: { ociVersion: '1.0.2', id: 'rehearsal', status: 'creating', pid: 1, bundle: '/' },
});

/**
 * Hears a message that comes from nobody. The first one takes many times as long as all others, since code
 * is compiled and memory made on the way; and the listener that a real one brings is lost if this process is
 * killed before it has it.
 */
export function rehearseHandOver(): Promise<void> {
  const ends = new Int32Array(2);
  if (createSocketPair(SOCK_SEQPACKET, ends) < 0) return Promise.resolve();
  const [theirs, ours] = [ends[0] as number, ends[1] as number];
  peerCredentials(ours);
  const heard = new Promise<void>((resolve) => {
    const end = (outcome: ConnectionOutcome): void => {
      if ('listener' in outcome) systemCall('close', outcome.listener);
      resolve();
    };
    new RuntimeConnection(ours, end, timeoutMs);
  });
  const memory = allocate(4096);
  const { written } = new TextEncoder().encodeInto(message, memory.u8);
  sendWithDescriptors(theirs, memory.address, written, [theirs]);
  systemCall('close', theirs);
  return heard;
}
