import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../linux/file-space.js';
import { isProcessThere, openProcess } from '../linux/pidfd.js';
import { readStartTime } from './proc-facts.js';

/** Whose payload it is: the container, its start (which a restart changes), and the payload's name. */
export interface PayloadKey {
  readonly containerId: string;
  readonly startTime: string;
  readonly name: string;
}

/** The folder of one payload: lock, the shim's socket, and what the shim writes down. */
export class PayloadDirectory {
  readonly path: string;

  constructor(stateDirectory: string, { containerId, startTime, name }: PayloadKey) {
    const safe = (text: string): string => encodeURIComponent(text).replaceAll('.', '%2E').slice(0, 128);
    this.path = join(stateDirectory, 'payloads', `${safe(containerId)}.${startTime}.${safe(name)}`);
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  get socketPath(): string {
    return join(this.path, 'shim.sock');
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

  private record(): readonly [number, string] | readonly [] {
    try {
      const [processId, startTime = ''] = readFileSync(join(this.path, 'payload'), 'latin1').split(' ');
      return [Number(processId), startTime];
    } catch {
      return [];
    }
  }
}
