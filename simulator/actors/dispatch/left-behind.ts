import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import type { PayloadFolder } from './payload-folder.js';
import { receiveText, sendText } from './text-socket.js';

/** A payload ends with its container at once; one that takes longer is not waited for. */
const endWaitUs = 10_000_000;
const lookAgainUs = 100_000;

export interface LeftBehind {
  readonly end: PayloadEnd;
  /** Of the container's life that it was in. */
  readonly startTime: number;
}

/** How a payload ended whose container is gone: its shim keeps that for whoever comes. */
export async function collectLeftBehind(
  parts: DispatchParts,
  acting: Acting,
  containerId: string,
  isMeant: (folder: PayloadFolder) => boolean = () => true,
): Promise<LeftBehind | undefined> {
  for (const folder of parts.folders.ofContainer(containerId).filter(isMeant)) {
    const socket = await acting.call('connect-left-behind', () => folder.listener?.connect(acting.self));
    if (socket === undefined) continue;
    sendText(socket, 'take');
    for (let waitedUs = 0; waitedUs < endWaitUs && !socket.isPeerClosed; waitedUs += lookAgainUs) {
      await acting.sleep(lookAgainUs);
      const end = heardEnd(socket);
      if (end === 'nothing') break;
      if (end === undefined) continue;
      await acting.call('collect-left-behind', () => void sendText(socket, 'collect'));
      return { end, startTime: folder.startTime };
    }
    await acting.call('leave-left-behind', () => closeSocket(acting, socket));
  }
  return undefined;
}

function heardEnd(socket: Parameters<typeof receiveText>[0]): PayloadEnd | 'nothing' | undefined {
  for (let packet = receiveText(socket); packet !== undefined; packet = receiveText(socket)) {
    const [kind, word = '', value = ''] = packet.text.split(' ');
    // A start that failed, or somebody else who hears of it.
    if (kind === 'F' || kind === 'B') return 'nothing';
    if (kind !== 'Q') continue;
    if (word === 'exited') return { kind: 'exited', code: Number(value) };
    return word === 'signaled'
      ? { kind: 'signaled', signal: Number(value) }
      : { kind: 'unknown', reason: value };
  }
  return undefined;
}

function closeSocket({ self }: Acting, socket: Parameters<typeof receiveText>[0]): void {
  for (const [number, { description }] of self.process.table.entries()) {
    if (description === socket) self.process.table.close(number);
  }
}
