import { fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openAt } from '../../../adapters/linux/basic-files.js';
import { copyDescriptor } from '../../../adapters/linux/listener-state.js';
import { allocate } from '../../../adapters/linux/memory.js';
import { systemCall } from '../../../adapters/linux/native.js';
import type { Bytes, Described } from '../machine.js';

const O_CLOEXEC = 0o2000000;
const O_LARGEFILE = 0o100000;
const F_GETFL = 3;
const F_GETFD = 1;
const AT_FDCWD = -100;
const pollEvents = { IN: 1, OUT: 4, HUP: 16 } as const;

/** What the answerer does in this very process, through the adapters. */
export class RealAnswerer {
  private readonly memory = allocate(4096);
  private readonly readOnly = systemCall('mmap', 0, 4096, 1, 0x22, -1, 0);
  private readonly held = new Set<number>();

  takeListener(processId: number, number: number): number {
    const process = systemCall('pidfd_open', processId, 0);
    if (process < 0) return process;
    const taken = systemCall('pidfd_getfd', process, number, 0);
    systemCall('close', process);
    return this.keep(taken);
  }

  poll(descriptor: number): string {
    const { memory } = this;
    memory.i32[0] = descriptor;
    memory.u16[2] = pollEvents.IN | pollEvents.OUT;
    memory.u16[3] = 0;
    memory.u8.fill(0, 64, 80);
    const result = systemCall('ppoll', memory.address, 1, memory.address + 64, 0, 0);
    if (result < 0) throw new Error(`ppoll: ${result}`);
    const events = memory.u16[3] as number;
    return Object.entries(pollEvents)
      .filter(([, bit]) => (events & bit) !== 0)
      .map(([name]) => name)
      .join(' ');
  }

  ioctl(descriptor: number, command: number, bytes: Bytes): number {
    if (bytes === 'nowhere') return systemCall('ioctl', descriptor, command, 8);
    if (bytes === 'read-only') return systemCall('ioctl', descriptor, command, this.readOnly);
    if (bytes.length === 1) return systemCall('ioctl', descriptor, command, bytes[0] as number);
    this.memory.u8.set(bytes, 256);
    const result = systemCall('ioctl', descriptor, command, this.memory.address + 256);
    bytes.set(this.memory.u8.subarray(256, 256 + bytes.length));
    return result;
  }

  open(share: string, path: string, flags: number): number {
    return this.keep(openAt(AT_FDCWD, join(share, path), flags | O_CLOEXEC));
  }

  duplicate(descriptor: number): number {
    return this.keep(copyDescriptor(descriptor));
  }

  close(descriptor: number): number {
    this.held.delete(descriptor);
    return systemCall('close', descriptor);
  }

  closeAll(): void {
    for (const descriptor of [...this.held]) this.close(descriptor);
  }

  describe(descriptor: number): Described | number {
    const flags = systemCall('fcntl', descriptor, F_GETFL);
    if (flags < 0) return flags;
    const closeOnExec = systemCall('fcntl', descriptor, F_GETFD) === 1;
    const { ino, dev, mode } = fstatSync(descriptor);
    return { file: `${dev}/${ino}`, type: mode >> 12, flags: flags & ~O_LARGEFILE, closeOnExec };
  }

  private keep(descriptor: number): number {
    if (descriptor >= 0) this.held.add(descriptor);
    return descriptor;
  }
}

/** What a target's thread has under a number, seen from /proc; or -EBADF. */
export function describeTheirs(processId: number, threadId: number, number: number): Described | number {
  const directory = `/proc/${processId}/task/${threadId}`;
  try {
    readlinkSync(`${directory}/fd/${number}`);
  } catch {
    return -9;
  }
  const text = readFileSync(`${directory}/fdinfo/${number}`, 'latin1');
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8);
  const pathOnly = openAt(AT_FDCWD, `${directory}/fd/${number}`, 0o10000000 | O_CLOEXEC);
  const { ino, dev, mode } = fstatSync(pathOnly);
  systemCall('close', pathOnly);
  return {
    file: `${dev}/${ino}`,
    type: mode >> 12,
    flags: flags & ~O_LARGEFILE & ~O_CLOEXEC,
    closeOnExec: (flags & O_CLOEXEC) !== 0,
  };
}
