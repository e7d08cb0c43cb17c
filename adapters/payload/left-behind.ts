import { setTimeout as sleep } from 'node:timers/promises';
import type { PayloadEnd } from '../../core/ports/payload.js';
import { payloadFolders, withShimSocket } from './payload-directory.js';
import { type OutputSink, ShimClient } from './shim-client.js';

/** A payload ends with its container at once; one that takes longer is not waited for. */
const endWaitMs = 10_000;

/** How a payload ended whose container is gone, and the folder where that was kept. */
export interface LeftBehind {
  readonly path: string;
  readonly end: PayloadEnd;
  /** It has been told: the shim may forget it. Whoever dies before that leaves it for the next one. */
  readonly collect: () => void;
}

/** Whose payload it was. */
export interface LeftBehindOf {
  readonly containerId: string;
  readonly name: string;
  /** The folder of the container's present life, where only earlier ones are asked for. */
  readonly except?: string;
}

/**
 * A payload may end, and its container with it, while nobody is there: its shim keeps the end, and the output
 * that nobody had, for whoever comes. Undefined where no shim waits for that.
 */
export async function findLeftBehind(
  stateDirectory: string,
  { containerId, name, except }: LeftBehindOf,
  sink: OutputSink,
): Promise<LeftBehind | undefined> {
  for (const path of payloadFolders(stateDirectory, containerId, name)) {
    if (path === except) continue;
    const left = await endIn(path, sink);
    if (left !== undefined) return left;
  }
  return undefined;
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
  if (end !== undefined) return { path, end, collect: () => client.collect() };
  await client.leave();
  return undefined;
}
