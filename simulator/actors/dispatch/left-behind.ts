import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import type { PayloadFolder } from './payload-folder.js';
import { closeDescription, receiveText, sendText } from './text-socket.js';

/** A payload ends with its container at once; one that takes longer is not waited for. */
const endWaitUs = 10_000_000;
const lookAgainUs = 100_000;

export interface LeftBehind {
  readonly end: PayloadEnd;
  /** Of the container's life that it was in. */
  readonly folder: PayloadFolder;
  /** It has been told, or (`byExit`) is by how this process exits: it may be forgotten. */
  readonly collect: (byExit: boolean) => Promise<void>;
  /** It was on record alone, and is no more. */
  isForgotten: boolean;
}

/** How a payload ended whose container is gone: its shim keeps that for whoever comes. */
export async function findLeftBehind(
  parts: DispatchParts,
  acting: Acting,
  containerId: string,
  except?: PayloadFolder,
): Promise<LeftBehind | undefined> {
  for (const folder of parts.folders.ofContainer(containerId)) {
    if (folder === except) continue;
    const left = (await endIn(parts, acting, folder)) ?? (await writtenEnd(acting, folder));
    if (left !== undefined) return left;
  }
  return undefined;
}

/**
 * The end of a payload of the container's present life of which it may be that nobody was told; of one whose
 * delegation is open only where no shim lives, which is attached to instead.
 */
export async function findUntold(
  parts: DispatchParts,
  acting: Acting,
  folder: PayloadFolder,
  isOpen: boolean,
): Promise<LeftBehind | undefined> {
  for (let waitedUs = 0; waitedUs < endWaitUs; waitedUs += lookAgainUs) {
    const state = await acting.call('look-for-end', () =>
      folder.ended === undefined ? 'none' : folder.isLocked ? 'held' : 'written',
    );
    if (state === 'none') return undefined;
    if (state === 'written') return writtenEnd(acting, folder);
    if (isOpen) return undefined;
    const left = await endIn(parts, acting, folder);
    if (left !== undefined) return left;
    await acting.sleep(lookAgainUs);
  }
  return undefined;
}

/** The end as a shim wrote it down that is gone itself. */
async function writtenEnd(acting: Acting, folder: PayloadFolder): Promise<LeftBehind | undefined> {
  const text = await acting.call('read-end', () => (folder.isLocked ? undefined : folder.ended));
  const end = text === undefined ? undefined : endOf(text);
  if (end === undefined || end === 'nothing') return undefined;
  const left: LeftBehind = {
    end,
    folder,
    isForgotten: false,
    collect: () =>
      acting.call('forget-end', () => {
        folder.ended = undefined;
        left.isForgotten = true;
      }),
  };
  return left;
}

async function endIn(
  parts: DispatchParts,
  acting: Acting,
  folder: PayloadFolder,
): Promise<LeftBehind | undefined> {
  const socket = await acting.call('connect-left-behind', () => folder.listener?.connect(acting.self));
  if (socket === undefined) return undefined;
  sendText(socket, 'take');
  for (let waitedUs = 0; waitedUs < endWaitUs && !socket.isPeerClosed; waitedUs += lookAgainUs) {
    await acting.sleep(lookAgainUs);
    const end = heardEnd(socket);
    if (end === 'nothing') break;
    if (end === undefined) continue;
    const isAtOnce = parts.formerWays.has('forgotten-before-told');
    const collect = (byExit: boolean) =>
      acting.call('collect-left-behind', () => {
        sendText(socket, byExit && !isAtOnce ? 'exit-tells' : 'collect');
        closeDescription(acting.self, socket);
      });
    return { end, folder, collect, isForgotten: false };
  }
  await acting.call('leave-left-behind', () => closeDescription(acting.self, socket));
  return undefined;
}

function heardEnd(socket: Parameters<typeof receiveText>[0]): PayloadEnd | 'nothing' | undefined {
  for (let packet = receiveText(socket); packet !== undefined; packet = receiveText(socket)) {
    const end = endOf(packet.text);
    if (end !== undefined) return end;
  }
  return undefined;
}

function endOf(text: string): PayloadEnd | 'nothing' | undefined {
  const [kind, word = '', value = ''] = text.split(' ');
  // A start that failed, or somebody else who hears of it.
  if (kind === 'F' || kind === 'B') return 'nothing';
  if (kind !== 'Q') return undefined;
  if (word === 'exited') return { kind: 'exited', code: Number(value) };
  return word === 'signaled'
    ? { kind: 'signaled', signal: Number(value) }
    : { kind: 'unknown', reason: value };
}
