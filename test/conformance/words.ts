import { errnoName } from '../../core/errors/errno.js';

/** Flags of open(2) by their names without O_. */
export const openFlags: Readonly<Record<string, number>> = {
  RDONLY: 0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
  TMPFILE: 0o20200000,
};

export const signals: Readonly<Record<string, number>> = {
  USR1: 10,
  USR2: 12,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  WINCH: 28,
  KILL: 9,
};

export const calls: Readonly<Record<string, number>> = {
  close: 3,
  dup: 32,
  unshare: 272,
  dup3: 292,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
};

/** Options of ptrace(2). */
export const traceOptions: Readonly<Record<string, number>> = {
  TRACESYSGOOD: 1,
  EXITKILL: 0x100000,
  SUSPEND_SECCOMP: 0x200000,
};

/** `A,B,0x10` as a number. */
export function bitsOf(text: string, names: Readonly<Record<string, number>>): number {
  let bits = 0;
  for (const word of text.split(',')) {
    const named = names[word] ?? Number(word);
    if (!Number.isFinite(named)) throw new Error(`unknown word: ${word}`);
    bits |= named;
  }
  return bits;
}

export function numberOf(text: string | undefined, names: Readonly<Record<string, number>> = {}): number {
  const number = names[text ?? ''] ?? Number(text);
  if (text === undefined || !Number.isFinite(number)) throw new Error(`no number: ${text}`);
  return number;
}

/** A result as a transcript has it: a value, or the errno's name. */
export function resultText(result: number): string {
  if (result >= 0 || result < -4095) return `${result}`;
  return errnoName(-result) ?? `errno ${-result}`;
}

/** What a status of wait4(2) says. */
export function statusText(status: number): string {
  if (status < 0) return resultText(status);
  if (status === 0) return 'nothing';
  if ((status & 0x7f) !== 0x7f) return (status & 0x7f) === 0 ? 'exited' : `killed by ${status & 0x7f}`;
  const signal = (status >> 8) & 0xff;
  const event = status >>> 16;
  if (event !== 0) return `event ${event} with ${signal}`;
  return signal === 0x85 ? 'at a call' : `signal ${signal}`;
}
