import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { deputyError } from '../../core/errors/deputy-error.js';
import type { TargetFacts } from '../../core/ports/payload.js';
import {
  openAt,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../linux/basic-files.js';
import { O } from '../linux/open-flags.js';
import { peerCredentials } from '../linux/sockets.js';
import { readStatus } from './proc-facts.js';

const answerWaitMs = 2_000;

/**
 * Tells the placeholder which process its container's life hangs on. The socket is reached below the target's
 * root without following a symlink, and who answers there must be the target's first process. Throws
 * DEPUTY_E_PLACEHOLDER_INVALID.
 */
export async function namePayload(path: string, target: TargetFacts, processId: number): Promise<Socket> {
  const invalid = (detail: string): Error => deputyError('DEPUTY_E_PLACEHOLDER_INVALID', { path, detail });
  const root = openAt(-100, `/proc/${target.processId}/root`, O.PATH | O.CLOEXEC);
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const file = root < 0 ? root : openAt2(root, path.replace(/^\/+/, ''), O.PATH | O.CLOEXEC, resolve);
  if (root >= 0) closeSync(root);
  if (file < 0) throw invalid(file === -40 ? 'a part of it is a symlink' : `it can not be opened (${-file})`);
  const socket = connect(`/proc/self/fd/${file}`);
  try {
    await new Promise<void>((done, fail) =>
      socket.once('connect', done).once('error', (error) => fail(invalid(error.message))),
    );
  } finally {
    closeSync(file);
  }
  const peer = peerCredentials((socket as unknown as { _handle: { fd: number } })._handle.fd);
  if (typeof peer === 'number' || peer.pid !== target.processId) {
    socket.destroy();
    throw invalid(`process ${typeof peer === 'number' ? '?' : peer.pid} answers there`);
  }
  // Whoever it is may end at any time; what waits for its answer hears of it by the connection's end.
  socket.on('error', () => undefined);
  let late: NodeJS.Timeout | undefined;
  try {
    socket.write(`payload ${readStatus(processId).numbers.at(-1)}\n`);
    await new Promise<void>((done, fail) => {
      late = setTimeout(() => fail(invalid('it does not answer')), answerWaitMs);
      socket.once('data', () => done());
      socket.once('close', () => fail(invalid('it closed the connection')));
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
