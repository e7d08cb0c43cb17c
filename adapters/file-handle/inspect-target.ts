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
import { allocate, type NativeMemory } from '../linux/memory.js';
import { namespaceIdentity, openNamespace, owningUserNamespace } from '../linux/namespaces.js';
import { systemCall } from '../linux/native.js';
import { AT_EMPTY_PATH, architectureOpenFlags, O } from '../linux/open-flags.js';

const pathAt = 1024;
const mountIdAt = 2048;
const maximumHandleBytes = 128;

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
  const sealed = openSealed(descriptor);
  return { mountPoint, fileSystemType, isOwnerMapped: isMappedOwner(uid, gid), sealed };
}

let memory: NativeMemory | undefined;

/**
 * Opens a directory by its own handle with bytes behind it, as the kernel would get them from a target: 0 or
 * minus an errno. What is tried here is the file system, with deputy's own capability.
 */
function openSealed(descriptor: number): number {
  memory ??= allocate(4096);
  const { address } = memory;
  memory.u8.fill(0, 0, pathAt + 1);
  memory.u32[0] = maximumHandleBytes - sealBytes;
  const [path, mountId] = [address + pathAt, address + mountIdAt];
  const encoded = systemCall('name_to_handle_at', descriptor, path, address, mountId, AT_EMPTY_PATH);
  if (encoded < 0) return encoded;
  memory.u32[0] = (memory.u32[0] as number) + sealBytes;
  const flags = O.RDONLY | O.CLOEXEC | architectureOpenFlags().O_DIRECTORY;
  const opened = systemCall('open_by_handle_at', descriptor, address, flags);
  if (opened < 0) return opened;
  systemCall('close', opened);
  return 0;
}

function effectiveCapabilities(processId: number): bigint | undefined {
  const text = readProc(processId, 'status');
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(text ?? '') ?? [];
  return mask === undefined ? undefined : BigInt(`0x${mask}`);
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
