import { readlinkSync } from 'node:fs';

/** Is this descriptor a seccomp listener? Anything else that a runtime might send is not worth watching. */
export function isSeccompListener(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:seccomp notify';
  } catch {
    return false;
  }
}
