import { errnoNumbers } from '../errors/errno.js';
import { refusalTable } from '../errors/refusals.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { PolicyFields, Share } from '../policy/schema.js';
import type { MountEntry } from '../ports/kernel.js';
import { scopeOf } from '../seals/seal-scope.js';

/** A share as seals name it; `id` stands for the file system's own. */
export interface CompiledShare {
  readonly name: string;
  readonly id?: string;
}

/** A policy as the hot path asks it: sets and flags instead of lists and names. */
export interface CompiledPolicy {
  readonly enforceDac: boolean;
  readonly exactPathDescriptors: boolean;
  readonly syscalls: ReadonlySet<string>;
  readonly fileSystems: ReadonlySet<string>;
  readonly tenant: string;
  readonly confinement: PolicyFields['confinement'];
  /** No handle is given out but a sealed one, not even of a file that is on no share. */
  readonly sealedOnly: boolean;
  /** What is shared, by mount point, or undefined for all. */
  readonly shares: ReadonlyMap<string, CompiledShare> | undefined;
  readonly digest: number;
  /** How long a call may wait unanswered, in microseconds (0: for ever), and what it then gets. */
  readonly deadlineUs: number;
  readonly deadlineErrno: number;
}

/** Makes the form that handlers use. Pure. */
export function compilePolicy(policy: ResolvedPolicy): CompiledPolicy {
  const { shares } = policy;
  return {
    enforceDac: policy.dac === 'enforce',
    exactPathDescriptors: policy.opath === 'exact',
    syscalls: new Set(policy.syscalls),
    fileSystems: new Set(policy.filesystems),
    tenant: policy.tenant,
    confinement: policy.confinement,
    sealedOnly: false,
    shares: shares === 'all' ? undefined : new Map(shares.map(compileShare)),
    deadlineUs: policy.limits.deadlineMs * 1_000,
    deadlineErrno: errnoNumbers[policy.limits.deadlineErrno],
    digest: Number.parseInt(policy.digest.slice(0, 8), 16) >>> 0,
  };
}

function compileShare({ path, name, id }: Share): [string, CompiledShare] {
  return [withoutTrailingSlash(path), id === undefined ? { name } : { name, id }];
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/**
 * The policy's word on a mount: 0 when it may be used, else the refusal. Kernel-internal file systems are
 * never listed by a sane policy and are refused whatever it says: their handles open processes and
 * namespaces.
 */
export function judgeMount(policy: CompiledPolicy, mount: MountEntry): number {
  const type = mount.fileSystemType.split('.', 1)[0] as string;
  if (neverShared.has(type) || !policy.fileSystems.has(type))
    return refusalTable.DEPUTY_E_REFUSED_FILESYSTEM.id;
  if (policy.shares !== undefined && !policy.shares.has(mount.mountPoint))
    return refusalTable.DEPUTY_E_REFUSED_MOUNT_NOT_SHARED.id;
  if (policy.confinement === 'filesystem' && mount.root !== '/')
    return refusalTable.DEPUTY_E_REFUSED_MOUNT_ROOT.id;
  return 0;
}

/** As judgeMount(), with what is known only once deputy has a descriptor on the mount. */
export function judgeOpenedMount(policy: CompiledPolicy, mount: MountEntry): number {
  if (policy.confinement === 'sealed' && scopeOf(policy, mount) === '')
    return refusalTable.DEPUTY_E_REFUSED_FILE_SYSTEM_ID.id;
  return 0;
}

const neverShared: ReadonlySet<string> = new Set([
  'pidfs',
  'nsfs',
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'debugfs',
  'tracefs',
  'securityfs',
  'bpf',
  'devpts',
  'mqueue',
  'configfs',
  'selinuxfs',
  'efivarfs',
  'fusectl',
  'pstore',
  'binfmt_misc',
]);
