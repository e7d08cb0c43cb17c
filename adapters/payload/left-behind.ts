import { setTimeout as sleep } from 'node:timers/promises';
import type { PayloadEnd } from '../../core/ports/payload.js';
import { PayloadDirectory, payloadFolders, withShimSocket } from './payload-directory.js';
import { type OutputSink, parseEnd, ShimClient } from './shim-client.js';

/** A payload ends with its container at once; one that takes longer is not waited for. */
const endWaitMs = 10_000;
/** A shim that is told so ends at once, and the exit of who told it is waited for five seconds there. */
const forgetWaitMs = 10_000;
const pollMs = 5;

/** How a payload ended of which nobody has heard yet, and the folder where that was kept. */
export interface LeftBehind {
  readonly path: string;
  readonly end: PayloadEnd;
  /**
   * It has been told, or (`byExit`) is told by how this process exits: it may be forgotten. Whoever dies
   * before that leaves it for the next one.
   */
  readonly collect: (byExit: boolean) => Promise<void>;
}

/** Whose payload it was. */
export interface LeftBehindOf {
  readonly containers: Parameters<typeof payloadFolders>[1];
  readonly name: string;
  /** The folder of the container's present life, where only earlier ones are asked for. */
  readonly except?: string;
}

/**
 * A payload may end, and its container with it, while nobody is there: its shim keeps the end, and the output
 * that nobody had, for whoever comes. Undefined where nothing waits for that.
 */
export async function findLeftBehind(
  stateDirectory: string,
  { containers, name, except }: LeftBehindOf,
  sink: OutputSink,
): Promise<LeftBehind | undefined> {
  for (const path of payloadFolders(stateDirectory, containers, name)) {
    if (path === except) continue;
    const left = (await endIn(path, sink)) ?? writtenEnd(path);
    if (left !== undefined) return left;
  }
  return undefined;
}

/**
 * The end of a payload of the container's present life, if maybe nobody was told of it: whoever had it
 * in the journal was killed, or the shim was. `isOpen`: its delegation goes on, so that a shim which lives is
 * attached to instead. Waits for a shim that is about to forget what has been told.
 */
export async function findUntold(
  path: string,
  isOpen: boolean,
  sink: OutputSink,
): Promise<LeftBehind | undefined> {
  const directory = new PayloadDirectory(path);
  const deadlineMs = performance.now() + forgetWaitMs;
  while (performance.now() < deadlineMs) {
    if (directory.unheardEnd() === undefined) return undefined;
    if (!directory.isLocked()) return writtenEnd(path);
    if (isOpen) return undefined;
    const left = await endIn(path, sink);
    if (left !== undefined) return left;
    await sleep(pollMs);
  }
  return undefined;
}

/** The end as a shim wrote it down that is gone itself, with what it had of the output. */
function writtenEnd(path: string): LeftBehind | undefined {
  const directory = new PayloadDirectory(path);
  const text = directory.isLocked() ? undefined : directory.unheardEnd();
  if (text === undefined) return undefined;
  const end = parseEnd(text);
  // Told by an exit it is forgotten there and not before, and only if it is told by that.
  const collect = async (byExit: boolean): Promise<void> => {
    if (!byExit) return directory.forgetEnd();
    process.once('exit', (code) => {
      if (isToldBy(end, code)) directory.forgetEnd();
    });
  };
  return { path, end, collect };
}

function isToldBy(end: PayloadEnd, exitCode: number): boolean {
  if (end.kind === 'exited') return exitCode === end.code;
  return end.kind !== 'signaled' || exitCode === 128 + end.signal;
}

async function endIn(path: string, sink: OutputSink): Promise<LeftBehind | undefined> {
  let tell: (end: PayloadEnd | undefined) => void = () => undefined;
  const ended = new Promise<PayloadEnd | undefined>((resolve) => {
    tell = resolve;
  });
  const nothing = (): void => tell(undefined);
  const handlers = { joined: () => undefined, executed: () => undefined, failed: nothing, busy: nothing };
  let client: ShimClient;
  try {
    client = await withShimSocket(path, (socketPath) =>
      ShimClient.open(socketPath, { ...handlers, ended: tell, lost: nothing }),
    );
  } catch {
    return undefined;
  }
  client.drainTo(sink);
  const end = await Promise.race([ended, sleep(endWaitMs, undefined, { ref: false })]);
  if (end !== undefined) return { path, end, collect: (byExit) => client.collect(byExit) };
  await client.leave();
  return undefined;
}
