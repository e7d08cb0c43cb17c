import { notifyCommand } from '../../core/injector/injector-kernel.js';
import { isSwitchedOff } from './kernel-features.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import type { Architecture } from './syscall-numbers.js';

export { notifyCommand };

export const USER_NOTIF_FLAG_CONTINUE = 1;
/** Argument of SET_FLAGS: the answerer's wake-up is synchronous (Linux 6.6). */
export const SYNC_WAKE_UP = 1;

const EINVAL = -22;
const EPERM = 1;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_GET_NOTIF_SIZES = 3;
/** Every thread of the process gets the filter, those too that Node started before any of our code ran. */
export const FILTER_FLAG_TSYNC = 1;
export const FILTER_FLAG_NEW_LISTENER = 8;
export const FILTER_FLAG_WAIT_KILLABLE_RECV = 32;

/** Sizes of the structures as the running kernel has them (SECCOMP_GET_NOTIF_SIZES), or minus an errno. */
export function notificationSizes(): { notification: number; response: number; data: number } | number {
  const memory = allocate(4096);
  const result = systemCall('seccomp', SECCOMP_GET_NOTIF_SIZES, 0, memory.address);
  if (result < 0) return result;
  return {
    notification: memory.u16[0] as number,
    response: memory.u16[1] as number,
    data: memory.u16[2] as number,
  };
}

/** Makes answers wake the target on the answerer's own CPU: 0, or -EINVAL before Linux 6.6. */
export function setSynchronousWakeUp(listener: number): number {
  if (isSwitchedOff('SYNC_WAKE_UP')) return EINVAL;
  return systemCall('ioctl', listener, notifyCommand.SET_FLAGS, SYNC_WAKE_UP);
}

/** Receives a notification into zeroed memory at `address` (80 bytes): 0 or minus an errno. Blocks. */
export function receiveNotification(listener: number, address: number): number {
  return systemCall('ioctl', listener, notifyCommand.RECV, address);
}

const BPF_LOAD_WORD = 0x20;
const BPF_JUMP_EQUAL = 0x15;
const BPF_JUMP_GREATER_OR_EQUAL = 0x35;
const BPF_JUMP_ANY_BIT = 0x45;
const BPF_RETURN = 0x06;
export const SECCOMP_RET_USER_NOTIF = 0x7fc00000;
export const SECCOMP_RET_ALLOW = 0x7fff0000;
export const SECCOMP_RET_ERRNO = 0x00050000;

/** What a filter does with some system calls, by number. */
export interface FilterRule {
  readonly numbers: readonly number[];
  /** A SECCOMP_RET_ value. */
  readonly action: number;
  /** Calls that have one of the bits in this argument (its lower 32 bits) go to the kernel instead. */
  readonly unless?: { readonly argument: number; readonly bits: number };
}

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];

/**
 * A classic BPF program (seccomp(2)): calls of another architecture pass, since the kernel treats them as the
 * caller's own; listed numbers get their rule's action.
 */
export function filterProgram(auditArchitecture: number, rules: readonly FilterRule[]): Instruction[] {
  const program: Instruction[] = [
    [BPF_LOAD_WORD, 0, 0, 4],
    [BPF_JUMP_EQUAL, 1, 0, auditArchitecture],
    [BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW],
    [BPF_LOAD_WORD, 0, 0, 0],
  ];
  for (const { numbers, action, unless } of rules) {
    const last: Instruction = [BPF_RETURN, 0, 0, action];
    const body: Instruction[] = unless === undefined ? [last] : [...allowIf(unless), last];
    for (const number of numbers) program.push([BPF_JUMP_EQUAL, 0, body.length, number], ...body);
  }
  program.push([BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW]);
  return program;
}

/** `seccomp_data.args`, of which the lower half comes first on little-endian machines. */
const argumentsAt = 16;

/** What follows has the argument in the accumulator, and returns. */
function allowIf({ argument, bits }: { readonly argument: number; readonly bits: number }): Instruction[] {
  return [
    [BPF_LOAD_WORD, 0, 0, argumentsAt + 8 * argument],
    [BPF_JUMP_ANY_BIT, 0, 1, bits],
    [BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW],
  ];
}

/**
 * A filter for deputy itself: the listed numbers give EPERM, and so does whatever another architecture calls,
 * since that would be a way around the list.
 */
export function refusingProgram(architecture: Architecture, numbers: readonly number[]): Instruction[] {
  const { auditArchitecture, foreignSyscallBit } = architecture;
  const refuse: Instruction = [BPF_RETURN, 0, 0, SECCOMP_RET_ERRNO | EPERM];
  const program: Instruction[] = [
    [BPF_LOAD_WORD, 0, 0, 4],
    [BPF_JUMP_EQUAL, 1, 0, auditArchitecture],
    refuse,
    [BPF_LOAD_WORD, 0, 0, 0],
  ];
  if (foreignSyscallBit !== 0) {
    program.push([BPF_JUMP_GREATER_OR_EQUAL, 0, 1, foreignSyscallBit], refuse);
  }
  for (const number of numbers) program.push([BPF_JUMP_EQUAL, 0, 1, number], refuse);
  program.push([BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW]);
  return program;
}

/** Writes `struct sock_fprog` and its program into memory; returns the address of the sock_fprog. */
export function encodeProgram(memory: NativeMemory, program: readonly Instruction[]): number {
  const start = 16;
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    const at = start + index * 8;
    memory.u16[at >> 1] = code;
    memory.u8[at + 2] = jumpTrue;
    memory.u8[at + 3] = jumpFalse;
    memory.u32[(at + 4) >> 2] = value;
  });
  memory.u16[0] = program.length;
  memory.u64[1] = BigInt(memory.address + start);
  return memory.address;
}

/**
 * Installs a filter on the calling thread; with FILTER_FLAG_NEW_LISTENER the result is the listener's
 * descriptor. Needs no_new_privs or CAP_SYS_ADMIN (seccomp(2)).
 */
export function installFilter(program: readonly Instruction[], flags: number): number {
  const memory = allocate(4096);
  return systemCall('seccomp', SECCOMP_SET_MODE_FILTER, flags, encodeProgram(memory, program));
}
