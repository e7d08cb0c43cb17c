import { chmodSync, rmSync } from 'node:fs';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { acceptConnection, connectUnix, listenUnix, peerCredentials } from '../linux/sockets.js';
import type { StoredDescriptor } from './descriptor-storage.js';

/** One name a frame, padded; a descriptor comes with it, but for the last frame. */
const frameBytes = 64;
const lastName = 'end';
const word = 'replace';
const EAGAIN = -11;
const ENOENT = -2;
const ECONNREFUSED = -111;
const retryMs = 2;
const waitMs = 30_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The socket on which a keeper hands everything over to the one that replaces it (`--replace`). */
export class HandOverSocket {
  private readonly watch: Watch;

  private constructor(
    private readonly path: string,
    private readonly socket: number,
    private readonly handOver: () => Promise<readonly StoredDescriptor[]>,
    private readonly done: () => void,
  ) {
    this.watch = watchReadable(socket, () => this.accept());
  }

  /** Listens, 0600; undefined when it can't: then this agent can't be replaced, and serves all the same. */
  static open(
    path: string,
    handOver: () => Promise<readonly StoredDescriptor[]>,
    done: () => void,
  ): HandOverSocket | undefined {
    rmSync(path, { force: true });
    const mask = process.umask(0o177);
    const socket = listenUnix(path, 4);
    process.umask(mask);
    if (socket < 0) return undefined;
    chmodSync(path, 0o600);
    return new HandOverSocket(path, socket, handOver, done);
  }

  close(): void {
    this.watch.stop();
    systemCall('close', this.socket);
    rmSync(this.path, { force: true });
  }

  private accept(): void {
    const connection = acceptConnection(this.socket);
    if (connection < 0) return;
    const peer = peerCredentials(connection);
    if (typeof peer === 'number' || peer.uid !== 0) {
      systemCall('close', connection);
      return;
    }
    const watch = watchReadable(connection, () => {
      watch.stop();
      void this.answer(connection);
    });
  }

  private async answer(connection: number): Promise<void> {
    const memory = allocate(4096);
    const received = createReceivedMessage();
    const bytes = receiveWithDescriptors(connection, memory.address, frameBytes, received);
    const asked = bytes === frameBytes && readName(memory.u8) === word;
    if (asked) {
      for (const { name, descriptor } of await this.handOver()) await send(connection, name, [descriptor]);
      await send(connection, lastName, []);
    }
    systemCall('close', connection);
    if (asked) this.done();
  }
}

/** Is there a keeper that could be asked? */
export function hasKeeper(path: string): boolean {
  const connection = connectUnix(path);
  if (connection >= 0) systemCall('close', connection);
  return connection >= 0;
}

/**
 * Asks the keeper of a state directory to hand everything over: what it held, by name; undefined when there
 * is none. Throws when it begins and doesn't finish.
 */
export async function requestHandOver(path: string): Promise<readonly StoredDescriptor[] | undefined> {
  const connection = connectUnix(path);
  if (connection === ENOENT || connection === ECONNREFUSED) return undefined;
  if (connection < 0) throw new Error(`connecting to ${path}: errno ${-connection}`);
  await send(connection, word, []);
  const memory = allocate(4096);
  const received = createReceivedMessage();
  const stored: StoredDescriptor[] = [];
  const end = performance.now() + waitMs;
  while (performance.now() < end) {
    const bytes = receiveWithDescriptors(connection, memory.address, frameBytes, received);
    if (bytes === EAGAIN) {
      await sleep(retryMs);
      continue;
    }
    const name = readName(memory.u8);
    if (bytes === frameBytes && name === lastName) {
      systemCall('close', connection);
      return stored;
    }
    if (bytes !== frameBytes || received.count !== 1) break;
    stored.push({ name, descriptor: received.descriptors[0] as number });
  }
  throw new Error('the agent that was to be replaced did not hand over');
}

async function send(connection: number, name: string, descriptors: readonly number[]): Promise<void> {
  const memory = allocate(4096);
  memory.putString(0, name);
  const end = performance.now() + waitMs;
  while (sendWithDescriptors(connection, memory.address, frameBytes, descriptors) === EAGAIN) {
    if (performance.now() > end) return;
    await sleep(retryMs);
  }
}

function readName(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, frameBytes)).toString('latin1');
  return text.slice(0, Math.max(0, text.indexOf('\0')));
}
