import type { ErrnoName } from './errno.js';

/** Why a request is refused, and what the target is told. */
export interface Refusal {
  /** Stored in a u16 of the journal: a number is never given to another meaning. */
  readonly id: number;
  /** What the target's call returns. */
  readonly errno: ErrnoName;
  /** 'policy': the policy's own errno (limits.deadlineErrno) takes the place of `errno`. */
  readonly errnoSource?: 'policy';
  readonly sentence: string;
}

/** Every reason for which deputy itself says no; the kernel's own errors are results, not refusals. */
export const refusalTable = {
  DEPUTY_E_REFUSED_ARCHITECTURE: {
    id: 1,
    errno: 'EPERM',
    sentence: 'The call was made by another architecture than the native one.',
  },
  DEPUTY_E_REFUSED_SYSCALL_UNKNOWN: {
    id: 2,
    errno: 'EPERM',
    sentence: 'The policy does not list the system call, or there is no handler for it.',
  },
  DEPUTY_E_REFUSED_MOUNT_NOT_SHARED: {
    id: 3,
    errno: 'EPERM',
    sentence: "The mount is not one of the policy's shares.",
  },
  DEPUTY_E_REFUSED_FILESYSTEM: {
    id: 4,
    errno: 'EPERM',
    sentence: 'The type of the file system is not listed in the policy.',
  },
  DEPUTY_E_REFUSED_FILE_TYPE: {
    id: 5,
    errno: 'EPERM',
    sentence: 'A fifo, socket or device may be opened with O_PATH only.',
  },
  DEPUTY_E_REFUSED_CREATING_FLAGS: {
    id: 6,
    errno: 'EINVAL',
    sentence: 'A handle names a file that exists; flags that create one make no sense.',
  },
  DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE: {
    id: 7,
    errno: 'EPERM',
    sentence: 'The thread is in a pid namespace that the agent cannot see (pid 0).',
  },
  DEPUTY_E_REFUSED_TRACED: {
    id: 8,
    errno: 'EPERM',
    sentence: 'Another process traces the thread, so the exact way is closed.',
  },
  DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE: {
    id: 9,
    errno: 'EPERM',
    sentence: 'The call needs the injector, which is not there or may not suspend the filters of the thread.',
  },
  DEPUTY_E_REFUSED_ACCESS: {
    id: 10,
    errno: 'EACCES',
    sentence: "The target's own ids have no right to the file, and the policy says `dac: enforce`.",
  },
  DEPUTY_E_REFUSED_MOUNT_UNREACHABLE: {
    id: 11,
    errno: 'EPERM',
    sentence: "The mount of the target's descriptor cannot be reached from the agent.",
  },
  DEPUTY_E_REFUSED_HANDLER_FAILED: {
    id: 12,
    errno: 'EIO',
    sentence: 'A handler of deputy failed.',
  },
  DEPUTY_E_REFUSED_IN_FLIGHT_LIMIT: {
    id: 13,
    errno: 'EAGAIN',
    sentence: 'The target has as many requests in flight as its policy allows.',
  },
  DEPUTY_E_REFUSED_DEADLINE: {
    id: 14,
    errno: 'EIO',
    errnoSource: 'policy',
    sentence: "The request was not answered within the policy's deadline.",
  },
  DEPUTY_E_REFUSED_SHUTDOWN: {
    id: 15,
    errno: 'EIO',
    sentence: 'The agent was told to stop before the request could be served.',
  },
  DEPUTY_E_REFUSED_THREAD_FILES: {
    id: 16,
    errno: 'EPERM',
    sentence: 'The thread has a table of descriptors of its own that this kernel gives no way into.',
  },
  DEPUTY_E_REFUSED_MAGIC_LINK: {
    id: 17,
    errno: 'ELOOP',
    sentence: 'The path leads through a magic link of /proc, which could lead out of the target.',
  },
  DEPUTY_E_REFUSED_NOT_SEALED: {
    id: 18,
    errno: 'ESTALE',
    sentence: 'The policy says `confinement: sealed`, and the handle carries no seal.',
  },
  DEPUTY_E_REFUSED_SEAL_KEY: {
    id: 19,
    errno: 'ESTALE',
    sentence: 'The handle was sealed with a key that is not known here, or retired.',
  },
  DEPUTY_E_REFUSED_SEAL_WRONG: {
    id: 20,
    errno: 'ESTALE',
    sentence: "The handle's seal is not right: forged, or of another tenant, share or file system.",
  },
  DEPUTY_E_REFUSED_SEAL_FILE_TYPE: {
    id: 21,
    errno: 'ESTALE',
    sentence: 'The file is of another type than the one that was sealed.',
  },
  DEPUTY_E_REFUSED_SEAL_ROOM: {
    id: 22,
    errno: 'EOPNOTSUPP',
    sentence: "The file system's handles are too long: within 128 bytes no room is left for a seal.",
  },
  DEPUTY_E_REFUSED_FILE_SYSTEM_ID: {
    id: 23,
    errno: 'EOPNOTSUPP',
    sentence: 'The file system has no lasting id to seal with, and its share has no `id:` in the policy.',
  },
  DEPUTY_E_REFUSED_SEAL_UNAVAILABLE: {
    id: 24,
    errno: 'EIO',
    sentence: 'The agent has no key to seal with.',
  },
  DEPUTY_E_REFUSED_MOUNT_ROOT: {
    id: 25,
    errno: 'EPERM',
    sentence: "The policy says `confinement: filesystem`, and the mount's root isn't the file system's.",
  },
  DEPUTY_E_REFUSED_FOREIGN_TARGET: {
    id: 26,
    errno: 'EPERM',
    sentence: "The thread is in another cgroup than the process that the runtime named as the target's.",
  },
} as const satisfies Record<`DEPUTY_E_REFUSED_${string}`, Refusal>;

/** The code of a refusal. */
export type RefusalCode = keyof typeof refusalTable;

const codesById: readonly (RefusalCode | undefined)[] = invert();

/** The refusal with this code, widened to its common shape. */
export function refusal(code: RefusalCode): Refusal {
  return refusalTable[code];
}

/** The code of a number found in a journal record; undefined for 0 and for numbers of a newer version. */
export function refusalCodeById(id: number): RefusalCode | undefined {
  return codesById[id];
}

/** Is this string the code of a refusal? */
export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(refusalTable, code);
}

function invert(): readonly (RefusalCode | undefined)[] {
  const codes: (RefusalCode | undefined)[] = [];
  for (const [code, { id }] of Object.entries(refusalTable)) {
    codes[id] = code as RefusalCode;
  }
  return codes;
}
