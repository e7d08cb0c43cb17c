import { setTimeout as sleep } from 'node:timers/promises';
import { errnoNumbers, errnoText } from '../../core/errors/errno.js';
import { capability, getCapabilities, hasCapability } from '../linux/credentials.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { EPOLLIN, EpollSet } from '../linux/poll.js';
import { notifyCommand, setSynchronousWakeUp } from '../linux/seccomp.js';
import { receiveListener } from './launch-target.js';
import { LauncherProcess } from './launcher-process.js';
import { probeCall } from './probe-calls.js';
import { goLine, type LauncherSetup, nobodyId, type ProbeMessage } from './protocol.js';
import { checkStructLayouts } from './struct-layouts.js';

/** A probe child that doesn't call within this time never will. */
const callTimeoutMs = 3_000;
const pollMs = 2;
/** Eight bytes that the probe's handle and its file hold. */
const token = 'deputy01';
const MFD_CLOEXEC = 1;
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
  readonly addsDescriptors: boolean;
}

const nothing = { synchronousWakeUp: false, waitKillable: false, addsDescriptors: false };

/**
 * Proves the notifier on a probe child: filter, call, memory, answer, descriptor. The reason when it can't.
 */
export async function probeNotifier(): Promise<string | undefined> {
  return (await proveNotifier()).obstacle;
}

/** The same, with what was found out on the way. Never throws, leaves nothing behind. */
export async function proveNotifier(): Promise<NotifierProof> {
  const layouts = checkStructLayouts();
  if (layouts !== undefined) return { ...nothing, obstacle: layouts.message };
  try {
    return await probe();
  } catch (error) {
    return { ...nothing, obstacle: error instanceof Error ? error.message : String(error) };
  }
}

async function probe(): Promise<NotifierProof> {
  const setup = probeSetup();
  const launcher = LauncherProcess.start(setup, ['ignore', 'ignore', 'ignore']);
  const { listener, waitKillable } = await receiveListener(launcher, setup);
  const memory = allocate(4096);
  const descriptor = createProbeFile(memory);
  try {
    const synchronousWakeUp = setSynchronousWakeUp(listener) === 0;
    launcher.lines.write(goLine);
    const obstacle =
      (await proveErrno(launcher, listener, memory)) ??
      (await proveDescriptor(launcher, listener, memory, descriptor));
    const proof = { synchronousWakeUp, waitKillable, addsDescriptors: obstacle === undefined };
    return obstacle === undefined ? proof : { ...proof, obstacle };
  } finally {
    if (descriptor >= 0) systemCall('close', descriptor);
    systemCall('close', listener);
    launcher.abandon();
  }
}

/** The probe has as little privilege as a target; who can't change his ids, in a sandbox, stays himself. */
function probeSetup(): LauncherSetup {
  const held = getCapabilities();
  const becomesNobody =
    typeof held !== 'number' &&
    hasCapability(held.effective, capability.SETUID) &&
    hasCapability(held.effective, capability.SETGID);
  return {
    mode: 'probe',
    argv: [token],
    environment: {},
    uid: becomesNobody ? nobodyId : (process.getuid?.() ?? nobodyId),
    gid: becomesNobody ? nobodyId : (process.getgid?.() ?? nobodyId),
    groups: [],
    capabilities: [],
    syscalls: ['open_by_handle_at'],
    waitKillable: true,
    refuseIoUring: true,
  };
}

/** The file that the probe is given: in memory (memfd_create(2)), so that no folder has to be writable. */
function createProbeFile(memory: NativeMemory): number {
  memory.putString(0, token);
  const descriptor = systemCall('memfd_create', memory.address, MFD_CLOEXEC);
  if (descriptor >= 0) systemCall('pwrite64', descriptor, memory.address, token.length, 0);
  return descriptor;
}

/** First round: the probe's call gets an errno of our choice. */
async function proveErrno(
  launcher: LauncherProcess,
  listener: number,
  memory: NativeMemory,
): Promise<string | undefined> {
  const obstacle = (await takeCall(listener, memory)) ?? answerErrno(listener, memory);
  if (obstacle !== undefined) return obstacle;
  const probed = await nextProbe(launcher);
  if (probed?.returned === -chosenErrno) return undefined;
  return `the probe got ${probed?.returned ?? 'nothing'} instead of the answer`;
}

/** Second round: the probe's call gets a file, descriptor and answer in one step. */
async function proveDescriptor(
  launcher: LauncherProcess,
  listener: number,
  memory: NativeMemory,
  descriptor: number,
): Promise<string | undefined> {
  if (descriptor < 0) return `memfd_create: ${errnoText(-descriptor)}`;
  const obstacle = (await takeCall(listener, memory)) ?? answerDescriptor(listener, memory, descriptor);
  if (obstacle !== undefined) return obstacle;
  const probed = await nextProbe(launcher);
  const good = probed !== undefined && probed.returned >= 0 && probed.text === token && probed.closedOnExec;
  return good === true ? undefined : 'the probe did not find the file behind the descriptor it got';
}

async function nextProbe(launcher: LauncherProcess): Promise<ProbeMessage | undefined> {
  const message = await launcher.lines.next(callTimeoutMs);
  return message !== undefined && message !== 'late' && message.type === 'probed' ? message : undefined;
}

/** Receives the probe's call and checks that it is the one it made: the reason when it isn't. */
async function takeCall(listener: number, memory: NativeMemory): Promise<string | undefined> {
  if (!(await hasCall(listener))) return 'the probe did not call in time';
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
  const readable = readHandle(memory, threadId);
  if (readable !== undefined) return readable;
  const valid = systemCall('ioctl', listener, notifyCommand.ID_VALID, memory.address + notificationAt);
  return valid < 0 ? `SECCOMP_IOCTL_NOTIF_ID_VALID: ${errnoText(-valid)}` : undefined;
}

/** Waits for the call without blocking this thread, and not for ever: a receive would do both. */
async function hasCall(listener: number): Promise<boolean> {
  const epoll = new EpollSet(1);
  epoll.add(listener, 1);
  let ready = epoll.wait(0);
  for (let waitedMs = 0; ready <= 0 && waitedMs < callTimeoutMs; waitedMs += pollMs) {
    await sleep(pollMs);
    ready = epoll.wait(0);
  }
  const called = ready > 0 && (epoll.ready(0) & EPOLLIN) !== 0;
  epoll.close();
  return called;
}

function readHandle(memory: NativeMemory, threadId: number): string | undefined {
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
  return send(listener, memory, 0, -chosenErrno);
}

/** As loops do it: first the descriptor, then its number. */
function answerDescriptor(listener: number, memory: NativeMemory, descriptor: number): string | undefined {
  memory.u8.fill(0, addfdAt, addfdAt + 24);
  memory.u64[addfdAt >> 3] = memory.u64[0] as bigint;
  memory.u32[(addfdAt + 12) >> 2] = descriptor;
  memory.u32[(addfdAt + 20) >> 2] = O_CLOEXEC;
  const added = systemCall('ioctl', listener, notifyCommand.ADDFD, memory.address + addfdAt);
  if (added < 0) return `SECCOMP_IOCTL_NOTIF_ADDFD: ${errnoText(-added)}`;
  return send(listener, memory, added, 0);
}

function send(listener: number, memory: NativeMemory, value: number, error: number): string | undefined {
  memory.u8.fill(0, responseAt, responseAt + 24);
  memory.u64[responseAt >> 3] = memory.u64[0] as bigint;
  memory.i32[(responseAt + 8) >> 2] = value;
  memory.i32[(responseAt + 16) >> 2] = error;
  const sent = systemCall('ioctl', listener, notifyCommand.SEND, memory.address + responseAt);
  return sent < 0 ? `SECCOMP_IOCTL_NOTIF_SEND: ${errnoText(-sent)}` : undefined;
}
