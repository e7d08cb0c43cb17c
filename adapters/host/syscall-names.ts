import { native } from '../linux/native.js';

const names = new Map<number, string>();

/** The name of a system call that deputy knows, else its number. */
export function syscallName(number: number): string {
  if (names.size === 0) {
    for (const [name, value] of Object.entries(native().numbers)) names.set(value, name);
  }
  return names.get(number) ?? `syscall ${number}`;
}
