import { errnoText } from '../errors/errno.js';

const CAP_DAC_READ_SEARCH = 1n << 2n;
const CAP_SYS_ADMIN = 1n << 21n;

/** A share of a target, as the kernel's relaxation of Linux 6.11 looks at it. */
export interface ShareFacts {
  readonly mountPoint: string;
  readonly fileSystemType: string;
  /** Owner and group of its root are ids that the target's user namespace has. */
  readonly isOwnerMapped: boolean;
  /** 0, or minus the errno with which the file system refuses a handle with a seal behind it. */
  readonly sealed: number;
}

/** What decides whether the kernel opens directories for a target itself. */
export interface TargetHandleFacts {
  /** It has a user namespace other than deputy's. */
  readonly hasUserNamespace: boolean;
  /** Its mount namespace belongs to that user namespace. */
  readonly ownsMounts: boolean;
  readonly effectiveCapabilities: bigint;
  readonly shares: readonly ShareFacts[];
}

/** Whether the kernel opens directories for the target, and what there is to say of it. */
export interface NativeJudgement {
  readonly opens: boolean;
  readonly reasons: readonly string[];
}

/** Reasons said of shares; a container has a few. */
const saidLimit = 16;

/**
 * Would the kernel open directories for this target, on some share at least? The capabilities are those of
 * the process that was there when its listener came; what it gives up later it opens nothing with. Pure.
 */
export function judgeNative(facts: TargetHandleFacts): NativeJudgement {
  const target = obstacleOfTarget(facts);
  if (target !== undefined) return { opens: false, reasons: [target] };
  const obstacles = facts.shares.map(obstacleOfShare);
  const reasons = obstacles.filter((reason) => reason !== undefined).slice(0, saidLimit);
  if (facts.shares.length === 0) return { opens: false, reasons: ['it has no share'] };
  return { opens: obstacles.some((reason) => reason === undefined), reasons };
}

function obstacleOfTarget(facts: TargetHandleFacts): string | undefined {
  if (!facts.hasUserNamespace) return 'it has no user namespace of its own';
  if (!facts.ownsMounts) return 'its mount namespace does not belong to its user namespace';
  const missing = [
    ...((facts.effectiveCapabilities & CAP_SYS_ADMIN) === 0n ? ['CAP_SYS_ADMIN'] : []),
    ...((facts.effectiveCapabilities & CAP_DAC_READ_SEARCH) === 0n ? ['CAP_DAC_READ_SEARCH'] : []),
  ];
  return missing.length === 0 ? undefined : `it lacks ${missing.join(' and ')} in its user namespace`;
}

function obstacleOfShare(share: ShareFacts): string | undefined {
  const where = `${share.fileSystemType} at ${share.mountPoint}`;
  if (!share.isOwnerMapped) {
    return `${where}: its owner is not mapped in the container; an idmapped mount would be`;
  }
  if (share.sealed < 0) return `${where}: it takes no sealed handle (${errnoText(-share.sealed)})`;
  return undefined;
}

/** A line of /proc/PID/uid_map: `inside outside count`. */
export interface IdRange {
  readonly outside: number;
  readonly count: number;
}

/** Reads the text of /proc/PID/uid_map or gid_map, as a reader in the initial namespace sees it. Pure. */
export function parseIdMap(text: string): IdRange[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((words) => words.length === 3 && words.every(Number.isSafeInteger))
    .map(([, outside = 0, count = 0]) => ({ outside, count }));
}

/** Is the id, of the reader's namespace, one of those? Pure. */
export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ outside, count }) => id >= outside && id < outside + count);
}
