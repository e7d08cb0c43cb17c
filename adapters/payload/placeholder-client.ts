import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** For connecting, and once more for the answer. */
const answerWaitMs = 2_000;
const pollMs = 5;
/** Longer than all that it says of one payload; more is not kept. */
const heardLengthMax = 256;

type Invalid = (detail: string) => Error;

/**
 * Tells the placeholder which process its container's life hangs on. The socket is reached below the target's
 * root without following a symlink, and who answers there must be the target's first process. `whenEnded` is
 * told how the process ended, as wait(2) has it, for as long as the connection is there. Throws
 * DEPUTY_E_PLACEHOLDER_INVALID.
 */
export async function namePayload(
  path: string,
  target: TargetFacts,
  processId: number,
  whenEnded: (status: number) => void,
): Promise<Socket> {
  const invalid: Invalid = (detail) => deputyError('DEPUTY_E_PLACEHOLDER_INVALID', { path, detail });
  const socket = await connectBelow(target.processId, path, invalid);
  const peer = peerCredentials((socket as unknown as { _handle: { fd: number } })._handle.fd);
  if (typeof peer === 'number' || peer.pid !== target.processId) {
    socket.destroy();
    throw invalid(`process ${typeof peer === 'number' ? '?' : peer.pid} answers there`);
  }
  // Whoever it is may end at any time; what waits for its answer hears of it by the connection's end.
  socket.on('error', () => undefined);
  let late: NodeJS.Timeout | undefined;
  try {
    const number = readStatus(processId).numbers.at(-1);
    const ended = new RegExp(`^ended ${number} (\\d+)\n`, 'm');
    let heard = '';
    socket.write(`payload ${number}\n`);
    await new Promise<void>((done, fail) => {
      late = setTimeout(() => fail(invalid('it does not answer')), answerWaitMs);
      socket.once('close', () => fail(invalid('it closed the connection')));
      // Both may come at once, and the end in two pieces: a payload need not live long.
      socket.on('data', (bytes) => {
        heard = `${heard}${bytes.toString('latin1')}`.slice(-heardLengthMax);
        const status = ended.exec(heard)?.[1];
        if (status !== undefined) whenEnded(Number(status));
        if (/^unknown\n/m.test(heard)) fail(invalid(`process ${number} is no child of it`));
        else if (heard.includes('\n')) done();
      });
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function connectBelow(processId: number, path: string, invalid: Invalid): Promise<Socket> {
  const root = openAt(-100, `/proc/${processId}/root`, O.PATH | O.CLOEXEC);
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const file = root < 0 ? root : openAt2(root, path.replace(/^\/+/, ''), O.PATH | O.CLOEXEC, resolve);
  if (root >= 0) closeSync(root);
  if (file < 0) throw invalid(file === -40 ? 'a part of it is a symlink' : `it can not be opened (${-file})`);
  try {
    for (let waitedMs = 0; ; waitedMs += pollMs) {
      const connected = await tryToConnect(`/proc/self/fd/${file}`);
      if (!(connected instanceof Error)) return connected;
      // Strangers have filled its queue for a moment (connect(2)).
      const isFull = (connected as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!isFull || waitedMs >= answerWaitMs) throw invalid(connected.message);
      await sleep(pollMs);
    }
  } finally {
    closeSync(file);
  }
}

function tryToConnect(path: string): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', resolve).once('connect', () => {
      socket.off('error', resolve);
      resolve(socket);
    });
  });
}
