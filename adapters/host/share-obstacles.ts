import { defaultFields } from '../../core/policy/defaults.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { MountEntry } from '../../core/ports/kernel.js';
import type { ShareAssessment, Target } from '../../core/ports/strategy.js';
import {
  openAt,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  readTextAt,
} from '../linux/basic-files.js';
import { parseMounts } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { askSealable, sealingObstacle } from '../linux/sealing.js';

/** Mounts that are looked at, and said something of; a container has a few dozen. */
const mountLimit = 64;
const saidLimit = 16;
const mountInformationLimitBytes = 8 << 20;

/**
 * The preflight of sealing: which of the target's shares are on a file system whose handles can't be sealed.
 * Looked at before the container's program runs, and only where no other server of files is asked.
 */
export function assessShares(target: Target, policy: ResolvedPolicy): ShareAssessment {
  if (policy.confinement !== 'sealed' || !target.processId) return { servable: true, reasons: [] };
  const directory = openAt(AT_FDCWD, `/proc/${target.processId}`, O.PATH | O.CLOEXEC);
  if (directory < 0) return { servable: true, reasons: [] };
  const text = readTextAt(directory, 'mountinfo', mountInformationLimitBytes);
  const mounts = typeof text === 'number' ? [] : parseMounts(text);
  const shares = mounts.filter((mount) => isShare(mount, policy)).slice(0, mountLimit);
  const local = shares.filter((mount) => isReachedLocally(mount, mounts));
  const reasons = local.map((mount) => obstacleOn(directory, mount, policy));
  systemCall('close', directory);
  const found = reasons.filter((reason) => reason !== undefined);
  return { servable: found.length === 0 || found.length < shares.length, reasons: found.slice(0, saidLimit) };
}

/**
 * What `look` says of each share of a target that is reached without asking another server of files: it gets
 * a descriptor on the share's root, and closes nothing. Single files, and what is mounted over, are left out.
 */
export function localSharesOf<T>(
  target: Target,
  policy: ResolvedPolicy,
  look: (descriptor: number, mount: MountEntry) => T,
): T[] {
  const directory = openAt(AT_FDCWD, `/proc/${target.processId ?? 0}`, O.PATH | O.CLOEXEC);
  if (directory < 0) return [];
  const text = readTextAt(directory, 'mountinfo', mountInformationLimitBytes);
  const mounts = typeof text === 'number' ? [] : parseMounts(text);
  const shares = mounts.filter((mount) => isShare(mount, policy)).slice(0, mountLimit);
  const said = shares
    .filter((mount) => isReachedLocally(mount, mounts))
    .map((mount) => {
      const descriptor = openMountPoint(directory, mount);
      if (descriptor < 0) return undefined;
      const result = look(descriptor, mount);
      systemCall('close', descriptor);
      return { result };
    });
  systemCall('close', directory);
  return said.filter((one) => one !== undefined).map(({ result }) => result);
}

function isShare({ fileSystemType, mountPoint }: MountEntry, policy: ResolvedPolicy): boolean {
  const isListed = policy.filesystems.includes(fileSystemType.split('.', 1)[0] as string);
  return isListed && (policy.shares === 'all' || policy.shares.some(({ path }) => path === mountPoint));
}

/** Nothing on the way to it is another's to keep waiting. */
function isReachedLocally(mount: MountEntry, mounts: readonly MountEntry[]): boolean {
  const way = mounts.filter(
    ({ mountPoint }) => mountPoint === '/' || `${mount.mountPoint}/`.startsWith(`${mountPoint}/`),
  );
  return way.every(
    ({ fileSystemType }) => isLocal(fileSystemType) || fileSystemType === mount.fileSystemType,
  );
}

function isLocal(type: string): boolean {
  return (
    (defaultFields.filesystems as readonly string[]).includes(type) || type === 'ramfs' || type === 'rootfs'
  );
}

/** `directory` is the target's in /proc. A descriptor, or minus an errno. */
function openMountPoint(directory: number, { mountPoint }: MountEntry): number {
  const { O_DIRECTORY } = architectureOpenFlags();
  const root = openAt(directory, 'root', O.PATH | O.CLOEXEC | O_DIRECTORY);
  const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const opened = openAt2(root, mountPoint, O.RDONLY | O.CLOEXEC | O_DIRECTORY, resolve);
  systemCall('close', root);
  return opened;
}

function obstacleOn(directory: number, mount: MountEntry, policy: ResolvedPolicy): string | undefined {
  const { mountPoint, fileSystemType } = mount;
  const opened = openMountPoint(directory, mount);
  // A single file, or one that is mounted over: nothing is known of it.
  if (opened < 0) return undefined;
  const sealable = askSealable(opened, fileSystemType);
  systemCall('close', opened);
  const share = policy.shares === 'all' ? undefined : policy.shares.find(({ path }) => path === mountPoint);
  const obstacle = sealingObstacle(sealable, share?.id !== undefined);
  if (obstacle === undefined) return undefined;
  return `${fileSystemType} at ${mountPoint}: ${obstacle.detail}. ${obstacle.remedy}`;
}
