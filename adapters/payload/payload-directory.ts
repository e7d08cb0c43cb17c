import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../linux/file-space.js';
import { isProcessThere, openProcess } from '../linux/pidfd.js';
import { readStartTime, readStatus } from './proc-facts.js';

/** Two of them and a start time are fewer than the 255 bytes of a file's name. */
const longestPart = 100;

/** Whose payload it is: the container, its start (which a restart changes), and the payload's name. */
export interface PayloadKey {
  readonly containerId: string;
  readonly startTime: string;
  readonly name: string;
}

/** A part of a file's name: without dots, which part the parts, and never too long, nor the same for two. */
function safe(text: string): string {
  const name = encodeURIComponent(text).replaceAll('.', '%2E');
  if (name.length <= longestPart) return name;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${name.slice(0, longestPart - 33)}-${digest}`;
}

/**
 * Folders of payloads of this name, whenever their container was started: of a container, or of whichever had
 * a first process of this number.
 */
export function payloadFolders(
  stateDirectory: string,
  target: { readonly containerId: string } | { readonly processId: number },
  name: string,
): string[] {
  const folder = join(stateDirectory, 'payloads');
  const isMeant = (one: string): boolean => {
    const [container, , own] = one.split('.');
    if (own !== safe(name)) return false;
    if ('containerId' in target) return container === safe(target.containerId);
    return Number(readText(join(folder, one, 'target'))) === target.processId;
  };
  try {
    return readdirSync(folder)
      .filter(isMeant)
      .map((one) => join(folder, one));
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/**
 * The socket of the shim of a folder, for `use`: by a descriptor of the folder, for the path of a container's
 * may be longer than an address may be (unix(7)).
 */
export async function withShimSocket<Result>(
  path: string,
  use: (socketPath: string) => Promise<Result>,
): Promise<Result> {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await use(`/proc/self/fd/${folder}/shim.sock`);
  } finally {
    closeSync(folder);
  }
}

/** The folder of one payload: lock, the shim's socket, and what the shim writes down. */
export class PayloadDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The folder of a payload; it is made if it is not there. */
  static of(stateDirectory: string, { containerId, startTime, name }: PayloadKey): PayloadDirectory {
    const path = join(stateDirectory, 'payloads', `${safe(containerId)}.${startTime}.${safe(name)}`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new PayloadDirectory(path);
  }

  /** The lock: a descriptor that is handed to the shim, or undefined when another one has it (flock(2)). */
  lock(): number | undefined {
    const descriptor = openSync(join(this.path, 'lock'), 'a', 0o600);
    if (lockFile(descriptor) >= 0) return descriptor;
    closeSync(descriptor);
    return undefined;
  }

  /** A payload that lives though its shim is gone: a pidfd, or undefined. */
  orphan(): number | undefined {
    const [processId = 0, startTime] = this.record();
    if (processId === 0) return undefined;
    const pidfd = openProcess(Number(processId));
    if (pidfd < 0) return undefined;
    try {
      if (readStartTime(Number(processId)) === startTime && isProcessThere(pidfd)) return pidfd;
    } catch {
      // It ended meanwhile.
    }
    closeSync(pidfd);
    return undefined;
  }

  /**
   * How often the container was started again before this life of it: by `known`, but always more than the
   * life before, whose configuration may say the same. It is written down the first time, and stays.
   */
  restartCount(earlier: readonly string[], known: number | undefined): number {
    const written = readText(join(this.path, 'restarts'));
    if (written !== undefined) return Number(written);
    const others = earlier.filter((path) => path !== this.path);
    const counts = others.map((path) => Number(readText(join(path, 'restarts')) ?? 0));
    const count = Math.max(known ?? 0, ...counts.map((one) => one + 1));
    // Whole or not at all.
    const fresh = join(this.path, `restarts.${process.pid}`);
    writeFileSync(fresh, `${count}`, { mode: 0o600 });
    renameSync(fresh, join(this.path, 'restarts'));
    return count;
  }

  /** Does anybody have the lock: a shim, or who is about to start one? */
  isLocked(): boolean {
    const descriptor = this.lock();
    if (descriptor !== undefined) closeSync(descriptor);
    return descriptor === undefined;
  }

  /** How a payload ended of whose end nobody may have been told yet, as its shim wrote it down. */
  unheardEnd(): string | undefined {
    return readText(join(this.path, 'ended'));
  }

  /** Its end is told; for when the shim is gone, which else does that. */
  forgetEnd(): void {
    rmSync(join(this.path, 'ended'), { force: true });
  }

  /** The number of the container's first process: who knows only that finds the folder by it. */
  describe(processId: number): void {
    writeFileSync(join(this.path, 'target'), `${processId}`, { mode: 0o600 });
  }

  /** What an earlier payload left here; the lock is ours. */
  clear(): void {
    for (const name of ['payload', 'executed', 'ended', 'failed', 'shim.sock']) {
      rmSync(join(this.path, name), { force: true });
    }
  }

  /** The payload's number, once there is one. */
  runningProcess(): number | undefined {
    return this.record()[0];
  }

  /** Does its payload run, with or without a shim? One that ended and that nobody has reaped yet does not. */
  isPayloadRunning(): boolean {
    const [processId, startTime] = this.record();
    if (processId === undefined) return false;
    try {
      // In this order: the number may be another's by now.
      return readStatus(processId).isAlive && readStartTime(processId) === startTime;
    } catch {
      return false;
    }
  }

  private record(): readonly [number, string] | readonly [] {
    const text = readText(join(this.path, 'payload'));
    if (text === undefined) return [];
    const [processId, startTime = ''] = text.split(' ');
    return [Number(processId), startTime];
  }
}
