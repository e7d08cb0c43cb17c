import { readSync, writeSync } from 'node:fs';
import {
  channelDescriptor,
  type FailureMessage,
  type LauncherMessage,
  type LaunchStep,
  lineLimitBytes,
} from './protocol.js';

const newline = 10;

/**
 * Reads one line from the parent, waiting for it; undefined when the parent is gone. Only synchronous calls
 * are made, because they run on this thread: the one that drops its privileges and executes the program.
 */
export function readLine(): string | undefined {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const part = Buffer.alloc(65536);
    const count = readPart(part);
    if (count === 0 || total > lineLimitBytes) return undefined;
    total += count;
    const read = part.subarray(0, count);
    // The parent writes a line and then waits for an answer, so nothing ever stands behind the newline.
    if (read[count - 1] === newline) {
      parts.push(read.subarray(0, count - 1));
      return Buffer.concat(parts).toString('utf8');
    }
    parts.push(read);
  }
}

/** Bytes read; 0 also for a parent that went away in a hurry (ECONNRESET). */
function readPart(part: Buffer): number {
  try {
    return readSync(channelDescriptor, part, 0, part.length, null);
  } catch {
    return 0;
  }
}

/** Says something to the parent. A parent that is gone is found out by the next readLine(). */
export function say(message: LauncherMessage): void {
  try {
    writeSync(channelDescriptor, `${JSON.stringify(message)}\n`);
  } catch {
    // EPIPE: nobody is there to be told.
  }
}

/** A step of the launcher did not work; main.ts reports it and ends. */
export class LaunchFailure extends Error {
  constructor(
    readonly step: LaunchStep,
    readonly errno: number,
    readonly detail = '',
  ) {
    super(`${step}: errno ${errno} ${detail}`);
  }

  toMessage(): FailureMessage {
    return { type: 'failed', step: this.step, errno: this.errno, detail: this.detail };
  }
}

/** Passes a value of the kernel on, and turns minus an errno into a LaunchFailure of that step. */
export function must(step: LaunchStep, result: number): number {
  if (result < 0) throw new LaunchFailure(step, -result);
  return result;
}
