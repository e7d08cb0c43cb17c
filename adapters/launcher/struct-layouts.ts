import { closeSync, openSync, readFileSync } from 'node:fs';
import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { errnoNumbers, errnoText } from '../../core/errors/errno.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { createEventDescriptor, EPOLLIN, EpollSet } from '../linux/poll.js';
import { notificationSizes } from '../linux/seccomp.js';
import { describeDescriptor } from '../linux/statx.js';

const AT_EMPTY_PATH = 0x1000;
const characterDevice = 2;
const directory = 4;
const largestHandleBytes = 128;
const mountIdAt = 512;
const emptyPathAt = 1024;

/**
 * Compares the structures that deputy reads and writes with the running kernel, by facts that it knows in
 * another way too. The ioctls of the notifier are proven by proveNotifier(), on a real call. Undefined when
 * all is as expected, else DEPUTY_E_STRUCT_LAYOUT: going on would corrupt memory or misread whose file it is.
 */
export function checkStructLayouts(): DeputyError | undefined {
  const checks: readonly [structure: string, check: () => string | undefined][] = [
    ['struct seccomp_notif', checkNotificationSizes],
    ['struct statx', checkStatx],
    ['struct file_handle', checkFileHandle],
    ['struct epoll_event', checkEpollEvent],
  ];
  for (const [structure, check] of checks) {
    const detail = check();
    if (detail !== undefined) return deputyError('DEPUTY_E_STRUCT_LAYOUT', { structure, detail });
  }
  return undefined;
}

/** SECCOMP_GET_NOTIF_SIZES of seccomp(2). A kernel without it fails the self-test, not this. */
function checkNotificationSizes(): string | undefined {
  const sizes = notificationSizes();
  if (typeof sizes === 'number') return undefined;
  const { notification, response, data } = sizes;
  if (notification === 80 && response === 24 && data === 64) return undefined;
  return `sizes are ${notification}, ${response} and ${data} instead of 80, 24 and 64`;
}

/** Type and mount id of two files, the id as /proc/self/fdinfo has it (statx(2), proc_pid_fdinfo(5)). */
function checkStatx(): string | undefined {
  const expected: readonly [path: string, fileType: number][] = [
    ['/', directory],
    ['/dev/null', characterDevice],
  ];
  for (const [path, fileType] of expected) {
    const problem = withOpened(path, (descriptor) => {
      const found = describeDescriptor(descriptor);
      if (typeof found === 'number') return `statx of ${path}: ${errnoText(-found)}`;
      if (found.fileType !== fileType) return `${path} has type ${found.fileType} instead of ${fileType}`;
      const mountId = mountIdOf(descriptor);
      if (mountId === undefined || found.mountId === mountId) return undefined;
      return `${path} is on mount ${mountId}, statx says ${found.mountId}`;
    });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Asks for a handle with no room, then with the room that the kernel asked for (name_to_handle_at(2)). The
 * size is at 0, the type at 4, and the mount id comes apart. A file system without handles shows nothing.
 */
function checkFileHandle(): string | undefined {
  return withOpened('/', (descriptor) => {
    const memory = allocate(4096);
    const { address } = memory;
    const name = (): number => {
      const path = address + emptyPathAt;
      return systemCall('name_to_handle_at', descriptor, path, address, address + mountIdAt, AT_EMPTY_PATH);
    };
    if (name() !== -errnoNumbers.EOVERFLOW) return undefined;
    const bytes = memory.u32[0] as number;
    if (bytes === 0 || bytes > largestHandleBytes) return `the kernel asks for ${bytes} bytes of handle`;
    const named = name();
    if (named < 0) return `name_to_handle_at with ${bytes} bytes: ${errnoText(-named)}`;
    if (memory.u32[0] !== bytes) return 'the size of a handle changed between two calls';
    if (memory.u8.subarray(8 + bytes, mountIdAt).some((byte) => byte !== 0)) {
      return 'the kernel wrote behind the handle';
    }
    const mountId = mountIdOf(descriptor);
    const told = memory.i32[mountIdAt >> 2];
    return mountId === undefined || told === mountId ? undefined : `/ is on mount ${mountId}, not ${told}`;
  });
}

/** Two ready descriptors whose keys come back show size and packing of an entry (epoll_wait(2)). */
function checkEpollEvent(): string | undefined {
  const epoll = new EpollSet(2);
  const descriptors = [createEventDescriptor(), createEventDescriptor()];
  const memory = allocate(4096);
  memory.u64[0] = 1n;
  const keys = [0x1234567, 0x7654321];
  descriptors.forEach((descriptor, index) => {
    systemCall('write', descriptor, memory.address, 8);
    epoll.add(descriptor, keys[index] as number);
  });
  const ready = epoll.wait(0);
  const seen = [epoll.key(0), epoll.key(1)].sort((a, b) => a - b);
  const flags = [epoll.ready(0), epoll.ready(1)];
  for (const descriptor of descriptors) systemCall('close', descriptor);
  epoll.close();
  const right =
    ready === 2 && seen[0] === keys[0] && seen[1] === keys[1] && flags.every((one) => one === EPOLLIN);
  return right ? undefined : `two events came back as ${ready}: keys ${seen.join(', ')}, ${flags.join(', ')}`;
}

function withOpened(path: string, use: (descriptor: number) => string | undefined): string | undefined {
  const descriptor = openSync(path, 'r');
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined where /proc is not mounted: then there is nothing to compare with. */
function mountIdOf(descriptor: number): number | undefined {
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    const id = /^mnt_id:\s*(\d+)$/m.exec(text)?.[1];
    return id === undefined ? undefined : Number(id);
  } catch {
    return undefined;
  }
}
