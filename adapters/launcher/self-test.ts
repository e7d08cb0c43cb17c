import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoNumbers, errnoText } from '../../core/errors/errno.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { EpollSet } from '../linux/poll.js';
import { ADDFD_FLAG_SEND, notificationSizes, notifyCommand, setSynchronousWakeUp } from '../linux/seccomp.js';
import { receiveListener } from './launch-target.js';
import { LauncherProcess } from './launcher-process.js';
import { probeCall } from './probe-calls.js';
import { goLine, type LauncherSetup, nobodyId, type ProbeMessage } from './protocol.js';

/** A probe child that doesn't call within this time never will. */
const callTimeoutMs = 3_000;
/** An errno that no kernel gives for this call, so that only our answer can be it. */
const chosenErrno = errnoNumbers.EXDEV;
const O_CLOEXEC = 0o2000000;

const notificationAt = 0;
const responseAt = 128;
const addfdAt = 192;
const handleAt = 256;
const vectorsAt = 512;

/** What a probe child showed of the notifier. */
export interface NotifierProof {
  /** Why it doesn't work; undefined when every step did. */
  readonly obstacle?: string;
  readonly synchronousWakeUp: boolean;
  readonly waitKillable: boolean;
  readonly addDescriptorAndSend: boolean;
}

const nothing = { synchronousWakeUp: false, waitKillable: false, addDescriptorAndSend: false };

/**
 * Proves the notifier on a probe child: filter, call, memory, answer, descriptor. The reason when it can't.
 */
export async function probeNotifier(): Promise<string | undefined> {
  return (await proveNotifier()).obstacle;
}

/** The same, with what was found out on the way. Never throws, leaves nothing behind. */
export async function proveNotifier(): Promise<NotifierProof> {
  const sizes = notificationSizes();
  if (typeof sizes === 'number') {
    return { ...nothing, obstacle: `seccomp(SECCOMP_GET_NOTIF_SIZES): ${errnoText(-sizes)}` };
  }
  if (sizes.notification > 80 || sizes.response > 24 || sizes.data !== 64) {
    const { notification, response, data } = sizes;
    return {
      ...nothing,
      obstacle: `the kernel's notifications have other sizes: ${notification}, ${response}, ${data}`,
    };
  }
  const directory = mkdtempSync(join(tmpdir(), 'deputy-probe-'));
  try {
    return await probe(directory);
  } catch (error) {
    return { ...nothing, obstacle: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function probe(directory: string): Promise<NotifierProof> {
  const token = 'deputy01';
  const root = process.getuid?.() === 0;
  const setup: LauncherSetup = {
    mode: 'probe',
    argv: [token],
    environment: {},
    uid: root ? nobodyId : (process.getuid?.() ?? nobodyId),
    gid: root ? nobodyId : (process.getgid?.() ?? nobodyId),
    groups: [],
    capabilities: [],
    syscalls: ['open_by_handle_at'],
    waitKillable: true,
    refuseIoUring: true,
  };
  const launcher = LauncherProcess.start(setup, ['ignore', 'ignore', 'ignore']);
  const { listener, waitKillable } = await receiveListener(launcher, setup);
  const memory = allocate(4096);
  const file = join(directory, 'probe');
  writeFileSync(file, token);
  const descriptor = openSync(file, 'r');
  try {
    const synchronousWakeUp = setSynchronousWakeUp(listener) === 0;
    launcher.lines.write(goLine);
    const first = takeCall(listener, memory, token) ?? answerErrno(listener, memory);
    if (first !== undefined) return { ...nothing, synchronousWakeUp, waitKillable, obstacle: first };
    const errno = await nextProbe(launcher);
    if (errno?.returned !== -chosenErrno) {
      const obstacle = `the probe got ${errno?.returned ?? 'nothing'} instead of the answer`;
      return { ...nothing, synchronousWakeUp, waitKillable, obstacle };
    }
    const second = takeCall(listener, memory, token) ?? answerDescriptor(listener, memory, descriptor);
    if (second !== undefined) return { ...nothing, synchronousWakeUp, waitKillable, obstacle: second };
    const opened = await nextProbe(launcher);
    const good =
      opened !== undefined && opened.returned >= 0 && opened.text === token && opened.closedOnExec === true;
    const proof = { synchronousWakeUp, waitKillable, addDescriptorAndSend: good };
    return good
      ? proof
      : { ...proof, obstacle: 'the probe did not find the file behind the descriptor it got' };
  } finally {
    closeSync(descriptor);
    systemCall('close', listener);
    launcher.abandon();
  }
}

async function nextProbe(launcher: LauncherProcess): Promise<ProbeMessage | undefined> {
  const message = await launcher.lines.next(callTimeoutMs);
  return message !== undefined && message !== 'late' && message.type === 'probed' ? message : undefined;
}

/** Receives the probe's call and checks that it is the one it made: the reason when it isn't. */
function takeCall(listener: number, memory: NativeMemory, token: string): string | undefined {
  const epoll = new EpollSet(1);
  epoll.add(listener, 1);
  const ready = epoll.wait(callTimeoutMs);
  epoll.close();
  if (ready <= 0) return 'the probe did not call in time';
  memory.u8.fill(0, notificationAt, 80);
  const received = systemCall('ioctl', listener, notifyCommand.RECV, memory.address + notificationAt);
  if (received < 0) return `receiving the probe's call: ${errnoText(-received)}`;
  const threadId = memory.u32[2] as number;
  if (threadId === 0) return "the probe's thread is not visible (pid 0)";
  const mountDescriptor = memory.i32[32 >> 2] as number;
  const flags = memory.i32[48 >> 2] as number;
  if (mountDescriptor !== probeCall.mountDescriptor || flags !== probeCall.flags) {
    return "the probe's arguments arrived changed: struct seccomp_notif has another layout";
  }
  const readable = readHandle(memory, threadId, token);
  if (readable !== undefined) return readable;
  const valid = systemCall('ioctl', listener, notifyCommand.ID_VALID, memory.address + notificationAt);
  return valid < 0 ? `SECCOMP_IOCTL_NOTIF_ID_VALID: ${errnoText(-valid)}` : undefined;
}

function readHandle(memory: NativeMemory, threadId: number, token: string): string | undefined {
  const base = vectorsAt >> 3;
  memory.u64[base] = BigInt(memory.address + handleAt);
  memory.u64[base + 1] = 16n;
  memory.u64[base + 2] = memory.u64[40 >> 3] as bigint;
  memory.u64[base + 3] = 16n;
  const vectors = memory.address + vectorsAt;
  const count = systemCall('process_vm_readv', threadId, vectors, 1, vectors + 16, 1, 0);
  if (count < 0) return `process_vm_readv of the probe: ${errnoText(-count)}`;
  const text = Buffer.from(memory.buffer, handleAt + 8, 8).toString('latin1');
  return count === 16 && text === token ? undefined : "the probe's memory read back differs";
}

function answerErrno(listener: number, memory: NativeMemory): string | undefined {
  memory.u8.fill(0, responseAt, responseAt + 24);
  memory.u64[responseAt >> 3] = memory.u64[0] as bigint;
  memory.i32[(responseAt + 16) >> 2] = -chosenErrno;
  const sent = systemCall('ioctl', listener, notifyCommand.SEND, memory.address + responseAt);
  return sent < 0 ? `SECCOMP_IOCTL_NOTIF_SEND: ${errnoText(-sent)}` : undefined;
}

function answerDescriptor(listener: number, memory: NativeMemory, descriptor: number): string | undefined {
  memory.u8.fill(0, addfdAt, addfdAt + 24);
  memory.u64[addfdAt >> 3] = memory.u64[0] as bigint;
  memory.u32[(addfdAt + 8) >> 2] = ADDFD_FLAG_SEND;
  memory.u32[(addfdAt + 12) >> 2] = descriptor;
  memory.u32[(addfdAt + 20) >> 2] = O_CLOEXEC;
  const added = systemCall('ioctl', listener, notifyCommand.ADDFD, memory.address + addfdAt);
  return added < 0 ? `SECCOMP_IOCTL_NOTIF_ADDFD with SEND (Linux 5.14): ${errnoText(-added)}` : undefined;
}
