import { fstatSync, readFileSync } from 'node:fs';
import {
  isMapped,
  parseIdMap,
  type ShareFacts,
  type TargetHandleFacts,
} from '../../core/file-handles/target-facts.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { MountEntry } from '../../core/ports/kernel.js';
import type { Target } from '../../core/ports/strategy.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { localSharesOf } from '../host/share-obstacles.js';
import { namespaceIdentity, openNamespace, owningUserNamespace } from '../linux/namespaces.js';
import { systemCall } from '../linux/native.js';
import { openByOwnHandle } from '../linux/open-by-own-handle.js';
import { architectureOpenFlags, O } from '../linux/open-flags.js';
import { parseThreadStatus } from '../linux/thread-status.js';

/**
 * Looks at what decides whether the kernel opens directories for a target itself; nothing is done in its
 * namespaces. Undefined when the target can't be looked at.
 */
export function inspectTarget(target: Target, policy: ResolvedPolicy): TargetHandleFacts | undefined {
  const { processId } = target;
  if (!processId) return undefined;
  const own = namespaceIdentity('self', 'user');
  const theirs = namespaceIdentity(processId, 'user');
  if (typeof own === 'number' || typeof theirs === 'number') return undefined;
  const capabilities = effectiveCapabilities(processId);
  const users = readMap(processId, 'uid_map');
  const groups = readMap(processId, 'gid_map');
  if (capabilities === undefined || users === undefined || groups === undefined) return undefined;
  const isMappedOwner = (uid: number, gid: number): boolean => isMapped(users, uid) && isMapped(groups, gid);
  return {
    hasUserNamespace: own !== theirs,
    ownsMounts: mountsOwner(processId) === theirs,
    effectiveCapabilities: capabilities,
    shares: localSharesOf(target, policy, (descriptor, mount) =>
      inspectShare(descriptor, mount, isMappedOwner),
    ),
  };
}

function mountsOwner(processId: number): bigint | number {
  const mounts = openNamespace(processId, 'mnt');
  if (mounts < 0) return mounts;
  const owner = owningUserNamespace(mounts);
  systemCall('close', mounts);
  return owner;
}

function inspectShare(
  descriptor: number,
  { mountPoint, fileSystemType }: MountEntry,
  isMappedOwner: (uid: number, gid: number) => boolean,
): ShareFacts {
  const { uid, gid } = fstatSync(descriptor);
  // What is tried is the file system, as the kernel would get it from a target, with deputy's own capability.
  const flags = O.RDONLY | architectureOpenFlags().O_DIRECTORY;
  const sealed = openByOwnHandle(descriptor, flags, sealBytes);
  return { mountPoint, fileSystemType, isOwnerMapped: isMappedOwner(uid, gid), sealed };
}

function effectiveCapabilities(processId: number): bigint | undefined {
  const text = readProc(processId, 'status');
  return text === undefined ? undefined : parseThreadStatus(text).effectiveCapabilities;
}

function readMap(processId: number, name: string): ReturnType<typeof parseIdMap> | undefined {
  const text = readProc(processId, name);
  return text === undefined ? undefined : parseIdMap(text);
}

function readProc(processId: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${processId}/${name}`, 'latin1');
  } catch {
    return undefined;
  }
}
