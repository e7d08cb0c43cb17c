import type { Architecture } from './syscall-numbers.js';

/**
 * Calls that no process which answers targets ever makes, by number: x86-64's, then arm64's; -1 where the
 * architecture has none. docs/adr/0013 says why these, and why it is a list of what is refused.
 */
const neverMade: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioperm: [173, -1],
  iopl: [172, -1],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  mknod: [133, -1],
  mknodat: [259, 33],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  move_pages: [279, 239],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  personality: [135, 92],
  pivot_root: [155, 41],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  settimeofday: [164, 170],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  vhangup: [153, 58],
};

/** What nobody makes who only answers: it starts nothing, traces nobody, and makes no socket. */
const neverMadeInAnswer: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  bind: [49, 200],
  connect: [42, 203],
  execve: [59, 221],
  execveat: [322, 281],
  fork: [57, -1],
  listen: [50, 201],
  ptrace: [101, 117],
  socket: [41, 198],
  vfork: [58, -1],
};

/** What a supervisor makes, and its loops' threads never do. */
const neverMadeByLoops: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  ...neverMadeInAnswer,
  accept: [43, 202],
  accept4: [288, 242],
};

/**
 * What a broker, once it listens, never does: it takes connections, and has no business with other processes
 * but to look at them in /proc.
 */
const neverMadeByBrokers: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  ...neverMade,
  ...neverMadeInAnswer,
  pidfd_getfd: [438, 438],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
};

/** Whom a filter is for. */
export type Refused = 'supervisor' | 'loop' | 'broker';

const tables: Readonly<Record<Refused, Readonly<Record<string, readonly [x64: number, arm64: number]>>>> = {
  supervisor: neverMade,
  loop: neverMadeByLoops,
  broker: neverMadeByBrokers,
};

/** The numbers that a filter refuses on this architecture, but for the calls of these names. */
export function refusedNumbers(
  architecture: Architecture,
  whom: Refused,
  allowed: readonly string[] = [],
): number[] {
  const column = architecture.foreignSyscallBit === 0 ? 1 : 0;
  return Object.entries(tables[whom])
    .filter(([name]) => !allowed.includes(name))
    .map(([, numbers]) => numbers[column] as number)
    .filter((number) => number >= 0);
}
