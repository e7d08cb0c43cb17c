import type { SyscallName } from '../linux/syscall-numbers.js';

/** Descriptor of the launcher on which setup, words and failures go, one JSON text a line. */
export const channelDescriptor = 3;
/** Descriptor of the launcher through which it hands its listener to the parent (SCM_RIGHTS). */
export const handoverDescriptor = 4;

/** The longest line that either side takes. An environment is in it, which execve(2) limits to 2 MiB. */
export const lineLimitBytes = 8 << 20;

/** What the launcher is to become; the first line that it reads. */
export interface LauncherSetup {
  /**
   * 'execute': becomes the program. 'probe': makes calls for the self-test, says what they returned, and
   * ends.
   */
  readonly mode: 'execute' | 'probe';
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Numbers of the capabilities(7) that the program gets; none by default. */
  readonly capabilities: readonly number[];
  /** The calls that go to the listener. */
  readonly syscalls: readonly SyscallName[];
  readonly waitKillable: boolean;
  readonly refuseIoUring: boolean;
  /** open_by_handle_at with O_DIRECTORY goes to the kernel. */
  readonly nativeDirectories?: boolean;
  /** The soft RLIMIT_NOFILE of the program; without it, the launcher's own. */
  readonly fileLimit?: number;
}

/** Where the launcher can fail, as it says itself. */
export type LaunchStep =
  | 'setup'
  | 'signals'
  | 'descriptors'
  | 'privileges'
  | 'directory'
  | 'filter'
  | 'handover'
  | 'execute';

/** The listener is on its way; the launcher waits for the word to go on. */
export interface ListeningMessage {
  readonly type: 'listening';
  readonly waitKillable: boolean;
}

/** It did not work; `errno` is positive, 0 where there is only `detail`. The launcher ends. */
export interface FailureMessage {
  readonly type: 'failed';
  readonly step: LaunchStep;
  readonly errno: number;
  readonly detail: string;
}

/** What a call of a probe returned, and what was found in the descriptor if it was one. */
export interface ProbeMessage {
  readonly type: 'probed';
  readonly returned: number;
  readonly text?: string;
  readonly closedOnExec?: boolean;
}

export type LauncherMessage = ListeningMessage | FailureMessage | ProbeMessage;

/** The parent's word to go on. */
export const goLine = 'go';

/** Capability-free, unmapped: 'nobody' and 'nogroup' on Debian, the kernel's own overflow ids. */
export const nobodyId = 65534;
