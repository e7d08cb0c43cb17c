import type { LineProcess } from './line-process.js';

/** What a call returned: its value, or the errno's name. */
export type Result = number | string;

/** What `describe` says of a descriptor, for comparison with another's. */
export interface Description {
  readonly type: string;
  readonly inode: number;
  readonly device: number;
  readonly rdev: number;
  readonly flags: string;
  readonly closeOnExec: number;
}

/** Numbers of the calls that the scenes make themselves (x86-64). */
export const nr = {
  read: 0,
  open: 2,
  close: 3,
  mmap: 9,
  mprotect: 10,
  dup: 32,
  dup2: 33,
  getpid: 39,
  gettid: 186,
  socket: 41,
  connect: 42,
  sendto: 44,
  listen: 50,
  getsockname: 51,
  setsockopt: 54,
  execve: 59,
  fcntl: 72,
  chdir: 80,
  chroot: 161,
  fchdir: 81,
  fchown: 93,
  setresuid: 117,
  setfsuid: 122,
  prctl: 157,
  setrlimit: 160,
  mount: 165,
  umount2: 166,
  openat: 257,
  unshare: 272,
  dup3: 292,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  setns: 308,
  pidfd_open: 434,
} as const;

export const O = {
  RDONLY: 0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECT: 0o40000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  SYNC: 0o4010000,
  PATH: 0o10000000,
} as const;

export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_SYMLINK_FOLLOW = 0x400;
/** Bytes of a struct file_handle with room for any handle. */
export const handleBytes = 136;

type Answer = Record<string, unknown>;

/** A thread of the target program (test/targets/trap-target.c): does one call after another as it is told. */
export class TrapThread {
  constructor(
    protected readonly process: LineProcess,
    readonly number: number,
  ) {}

  async tell(words: string): Promise<Answer> {
    return JSON.parse(await this.process.ask(`${this.number} ${words}`)) as Answer;
  }

  async result(words: string): Promise<Result> {
    const { result, errno } = await this.tell(words);
    return typeof errno === 'string' ? errno : (result as number);
  }

  /** A number that must not be an errno: for steps of the scene that are not what is tested. */
  async must(words: string): Promise<number> {
    const result = await this.result(words);
    if (typeof result === 'string') throw new Error(`${words}: ${result}`);
    return result;
  }

  /** Any system call; texts are passed as strings, '$name' as a buffer's address. */
  call(number: number, ...words: readonly (number | string)[]): Promise<Result> {
    return this.result(`call ${number} ${words.join(' ')}`);
  }

  async open(path: string, flags: number = O.RDONLY): Promise<number> {
    return this.must(`call ${nr.open} s:${path} ${flags}`);
  }

  openHandle(mount: number, handle: string, flags: number): Promise<Result> {
    return this.call(nr.open_by_handle_at, mount, `$${handle}`, flags);
  }

  /** As openHandle, but only begins; `wait` has the result. Not for the first thread. */
  async beginOpenHandle(mount: number, handle: string, flags: number): Promise<void> {
    await this.begin(`call ${nr.open_by_handle_at} ${mount} $${handle} ${flags}`);
  }

  /** Only begins what the words say. Not for the first thread. */
  async begin(words: string): Promise<void> {
    await this.process.ask(`&${this.number} ${words}`);
  }

  /** This thread alone becomes another user, without capabilities and for good. */
  async dropTo(uid: number): Promise<void> {
    await this.must(`drop ${uid} 0`);
  }

  /** The thread's end; its number is free then. */
  async endThread(): Promise<void> {
    await this.must('end');
  }

  async wait(): Promise<Result> {
    return this.result('wait');
  }

  async describe(descriptor: Result): Promise<Description | string> {
    if (typeof descriptor === 'string') return descriptor;
    const answer = await this.tell(`describe ${descriptor}`);
    return (answer['errno'] as string | undefined) ?? (answer as unknown as Description);
  }

  /** Opens, looks at what came, closes: what a test compares. */
  async openAndDescribe(mount: number, handle: string, flags: number): Promise<Description | string> {
    const descriptor = await this.openHandle(mount, handle, flags);
    const description = await this.describe(descriptor);
    if (typeof descriptor === 'number') await this.must(`call ${nr.close} ${descriptor}`);
    return description;
  }

  /** The handle of a path in a buffer called `name` (which is made), through name_to_handle_at. */
  async encode(name: string, path: string, directory: number = AT_FDCWD, flags = 0): Promise<Result> {
    await this.must(`alloc ${name} 4096`);
    return this.encodeInto(name, path, directory, flags);
  }

  async encodeInto(name: string, path: string, directory: number = AT_FDCWD, flags = 0): Promise<Result> {
    await this.must(`put $${name} 80000000`);
    return this.call(nr.name_to_handle_at, directory, `s:${path}`, `$${name}`, `$${name}+2048`, flags);
  }

  /** The handle that stands in a buffer, as hexadecimal. */
  async handleHex(name: string): Promise<string> {
    const { hex } = await this.tell(`get $${name} ${handleBytes}`);
    const text = hex as string;
    const bytes = Buffer.from(text, 'hex').readUInt32LE(0);
    return text.slice(0, 2 * (8 + Math.min(bytes, 128)));
  }

  /** Calls `count` times: how often each inode or errno came. */
  async repeat(
    mount: number,
    handle: string,
    flags: number,
    count: number,
    other?: string,
  ): Promise<Record<string, number>> {
    const rest = other === undefined ? '' : `$${other}`;
    const answer = await this.tell(`repeat ${mount} $${handle} ${flags} ${count} ${rest}`);
    return answer as Record<string, number>;
  }
}
