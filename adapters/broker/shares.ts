import { realpathSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { openAt } from '../linux/basic-files.js';
import { findPlacedMount, type PlacedMount } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { openByOwnHandle } from '../linux/open-by-own-handle.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { askSealable, sealingObstacle } from '../linux/sealing.js';
import { describeDescriptor } from '../linux/statx.js';

/** A share as the command line names it. */
export interface NamedShare {
  readonly name: string;
  /** Where the broker's own container has the volume. */
  readonly path: string;
  /** Where the target has it. */
  readonly targetPath: string;
}

/** A share with the broker's own descriptor on it, by which alone it opens files. */
export interface OpenShare extends NamedShare {
  readonly descriptor: number;
  readonly mount: PlacedMount;
  readonly fileSystemId: string;
}

const EPERM = -1;

/** Options of a mount that take something away: what the target's mount lacks, an open must lack as well. */
const restrictions = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'] as const;

function fail(share: NamedShare, detail: string): never {
  throw deputyError('DEPUTY_E_BROKER_SHARE', { name: share.name, path: share.path, detail });
}

/** Opens a share; it has to be a mount of its own, as every volume of a container is. Throws coded errors. */
export function openShare(share: NamedShare, policy: ResolvedPolicy): OpenShare {
  const { O_DIRECTORY } = architectureOpenFlags();
  const descriptor = openAt(AT_FDCWD, share.path, O.RDONLY | O.CLOEXEC | O_DIRECTORY);
  if (descriptor < 0) return fail(share, errnoText(-descriptor));
  try {
    const description = describeDescriptor(descriptor);
    if (typeof description === 'number') return fail(share, errnoText(-description));
    const mount = ownMount(description.mountId);
    if (mount === undefined || mount.entry.mountPoint !== realpathSync(share.path)) {
      return fail(share, 'it is not a mount point, so nothing says which of its files are shared');
    }
    const listed =
      policy.shares === 'all' ? undefined : policy.shares.find(({ name }) => name === share.name);
    const sealable = askSealable(descriptor, mount.entry.fileSystemType);
    const obstacle = sealingObstacle(sealable, listed?.id !== undefined);
    if (obstacle !== undefined) return fail(share, `${obstacle.detail}. ${obstacle.remedy}`);
    const probed = openByOwnHandle(descriptor);
    if (probed < 0) {
      const here = 'the capability counts in the first user namespace only';
      return fail(share, `open_by_handle_at: ${errnoText(-probed)}${probed === EPERM ? `; ${here}` : ''}`);
    }
    return { ...share, descriptor, mount, fileSystemId: sealable.id };
  } catch (error) {
    systemCall('close', descriptor);
    throw error;
  }
}

function ownMount(mountId: number): PlacedMount | undefined {
  const { O_DIRECTORY } = architectureOpenFlags();
  const directory = openAt(AT_FDCWD, '/proc/self', O.PATH | O.CLOEXEC | O_DIRECTORY);
  if (directory < 0) return undefined;
  const found = findPlacedMount(directory, mountId);
  systemCall('close', directory);
  return typeof found === 'number' ? undefined : found;
}

/**
 * Does the share stand for this mount of the target's: the same part of the same file system, and through it
 * nothing can be done that the target's own mount forbids?
 */
export function standsFor(share: OpenShare, mount: PlacedMount): boolean {
  const { device, entry, options } = share.mount;
  if (device !== mount.device || entry.root !== mount.entry.root) return false;
  const isMapped = (one: readonly string[]): boolean => one.includes('idmapped');
  if (isMapped(options) !== isMapped(mount.options)) return false;
  return restrictions.every((option) => !mount.options.includes(option) || options.includes(option));
}
