import { openSync } from 'node:fs';
import { join } from 'node:path';
import type { TrialResult } from '../../../core/preflight/entry.js';
import {
  createReceivedMessage,
  createSocketPair,
  receiveWithDescriptors,
  SOCK_SEQPACKET,
  sendWithDescriptors,
} from '../../linux/descriptor-passing.js';
import { allocate } from '../../linux/memory.js';
import { becomeNobody, failed, nobody } from './become-nobody.js';
import { handleOf, openHandle } from './handle-of.js';

/**
 * What a sidecar does: it starts as root with three capabilities, becomes another user and keeps only
 * CAP_DAC_READ_SEARCH, opens a file by its handle and passes the descriptor over a socket.
 */
export function becomeAndOpen(directory: string): TrialResult {
  const handle = handleOf(join(directory, 'file'));
  if (handle.named < 0) return failed('name_to_handle_at', handle.named);
  const mount = openSync(directory, 'r');
  const notBecome = becomeNobody();
  if (notBecome !== undefined) return notBecome;
  const opened = openHandle(handle, mount);
  if (opened < 0) return failed('open_by_handle_at', opened);
  return pass(opened);
}

/** unix(7), SCM_RIGHTS: to itself. */
function pass(descriptor: number): TrialResult {
  const ends = new Int32Array(2);
  const made = createSocketPair(SOCK_SEQPACKET, ends);
  if (made < 0) return failed('socketpair', made);
  const memory = allocate(4096);
  const sent = sendWithDescriptors(ends[0] as number, memory.address, 1, [descriptor]);
  if (sent < 0) return failed('sendmsg', sent);
  const received = createReceivedMessage();
  const result = receiveWithDescriptors(ends[1] as number, memory.address, 64, received);
  if (result < 0) return failed('recvmsg', result);
  return received.count === 1
    ? { ok: true, detail: `as uid ${nobody} with CAP_DAC_READ_SEARCH alone a file was opened and passed on` }
    : { ok: false, detail: 'no descriptor came through a socket' };
}
