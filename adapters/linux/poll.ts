import { allocate, type NativeMemory } from './memory.js';
import { hotSyscalls, systemCall } from './native.js';

export const EPOLLIN = 1;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EFD_CLOEXEC_NONBLOCK = 0o2004000;

/** struct epoll_event is packed on x86-64 alone (sys/epoll.h). */
const eventBytes = process.arch === 'x64' ? 12 : 16;
const dataOffset = process.arch === 'x64' ? 4 : 8;

/** An epoll set (epoll(7)) whose entries are numbered by the caller. */
export class EpollSet {
  readonly descriptor: number;
  private readonly events: NativeMemory;
  private readonly kernel = hotSyscalls();

  constructor(private readonly capacity: number) {
    this.descriptor = systemCall('epoll_create1', EPOLL_CLOEXEC);
    this.events = allocate(capacity * eventBytes);
  }

  /** Watches a descriptor; `key` comes back from wait(). 0 or minus an errno. */
  add(descriptor: number, key: number, interest: number = EPOLLIN): number {
    return this.control(EPOLL_CTL_ADD, descriptor, key, interest);
  }

  /** Changes what is watched for; an interest of 0 still reports hang-ups. */
  modify(descriptor: number, key: number, interest: number): number {
    return this.control(EPOLL_CTL_MOD, descriptor, key, interest);
  }

  remove(descriptor: number): number {
    return this.control(EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  /** Waits up to `timeoutMs` (-1: for ever): how many are ready, or minus an errno. */
  wait(timeoutMs: number): number {
    const { syscall, numbers } = this.kernel;
    return syscall(numbers.epoll_pwait, this.descriptor, this.events.address, this.capacity, timeoutMs, 0, 8);
  }

  /** Key of the n-th ready entry. */
  key(index: number): number {
    return this.word(index * eventBytes + dataOffset);
  }

  /** Ready events of the n-th entry. */
  ready(index: number): number {
    return this.word(index * eventBytes);
  }

  close(): void {
    systemCall('close', this.descriptor);
  }

  private word(at: number): number {
    return this.events.u32[at >> 2] as number;
  }

  private control(operation: number, descriptor: number, key: number, interest: number): number {
    const scratch = controlScratch();
    scratch.u32[0] = interest;
    scratch.u32[dataOffset >> 2] = key;
    scratch.u32[(dataOffset >> 2) + 1] = 0;
    return systemCall('epoll_ctl', this.descriptor, operation, descriptor, scratch.address);
  }
}

let scratchMemory: NativeMemory | undefined;
function controlScratch(): NativeMemory {
  scratchMemory ??= allocate(4096);
  return scratchMemory;
}

/** An eventfd (eventfd(2)) that wakes a loop: a descriptor or minus an errno. */
export function createEventDescriptor(): number {
  return systemCall('eventfd2', 0, EFD_CLOEXEC_NONBLOCK);
}
