import { native } from '../linux/native.js';
import { SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO } from '../linux/seccomp.js';

const EPERM = 1;

/**
 * What no payload needs and what would lead out of its container: other tasks' memory, namespaces, mounts,
 * modules, the kernel's own programs. By number, since deputy's table has only what deputy calls; x86-64 and
 * arm64 (arch/x86/entry/syscalls/syscall_64.tbl, scripts/syscall.tbl).
 */
const denied = {
  x64: [
    101, 155, 163, 165, 166, 167, 168, 169, 170, 171, 175, 176, 246, 248, 249, 250, 272, 298, 308, 310, 311,
    312, 313, 320, 321, 323, 428, 429, 430, 431, 432, 433, 438, 440, 442,
  ],
  arm64: [
    117, 41, 89, 40, 39, 224, 225, 142, 161, 162, 105, 106, 104, 217, 218, 219, 97, 241, 268, 270, 271, 272,
    273, 294, 280, 282, 428, 429, 430, 431, 432, 433, 438, 440, 442,
  ],
} as const;

/** unshare(2) is denied but for CLONE_FS, by which virtiofsd's threads have a umask of their own. */
const unshareNumber = { x64: 272, arm64: 97 } as const;
const CLONE_FS = 0x200;

type Instruction = readonly [operation: number, jumpTrue: number, jumpFalse: number, value: number];

const loadWord = 0x20;
const jumpEqual = 0x15;
const jumpNotBelow = 0x35;
const giveBack = 0x06;
const refuse: Instruction = [giveBack, 0, 0, SECCOMP_RET_ERRNO | EPERM];
/** The bit of x32's numbers, which are another way to call the same. */
const x32Bit = 0x40000000;

/**
 * The filter as `struct sock_filter`s (seccomp(2)), to be installed just before the payload is executed.
 * Calls of another architecture would be a way around it, so there are none.
 */
export function defaultFilter(): Buffer {
  const kind = process.arch === 'arm64' ? 'arm64' : 'x64';
  const program: Instruction[] = [
    [loadWord, 0, 0, 4],
    [jumpEqual, 1, 0, native().architecture.auditArchitecture],
    refuse,
    [loadWord, 0, 0, 0],
    [jumpNotBelow, 0, 1, x32Bit],
    refuse,
  ];
  for (const number of denied[kind]) {
    if (number !== unshareNumber[kind]) program.push([jumpEqual, 0, 1, number], refuse);
  }
  program.push(
    [jumpEqual, 0, 3, unshareNumber[kind]],
    [loadWord, 0, 0, 16],
    [jumpEqual, 1, 0, CLONE_FS],
    refuse,
  );
  program.push([giveBack, 0, 0, SECCOMP_RET_ALLOW]);
  const code = Buffer.alloc(program.length * 8);
  program.forEach(([operation, jumpTrue, jumpFalse, value], at) => {
    code.writeUInt16LE(operation, at * 8);
    code[at * 8 + 2] = jumpTrue;
    code[at * 8 + 3] = jumpFalse;
    code.writeUInt32LE(value >>> 0, at * 8 + 4);
  });
  return code;
}
