import type { MountEntry } from '../ports/kernel.js';
import type { CompiledPolicy } from '../request/compiled-policy.js';

/**
 * Whose handles a seal is for: tenant, share and file system, as JSON, so that no part can run into the next.
 * A mount that no list names is a share named by its mount point. The policy's `id:` stands for the file
 * system where it has one; '' when it has neither that nor an id of its own.
 */
export function sealScope({ tenant, shares }: CompiledPolicy, mount: MountEntry): string {
  const share = shares?.get(mount.mountPoint);
  const own = mount.fileSystemId ?? '';
  if (share?.id === undefined && own === '') return '';
  const fileSystem = share?.id === undefined ? ['own', own] : ['policy', share.id];
  return JSON.stringify([tenant, share?.name ?? mount.mountPoint, ...fileSystem]);
}

/** The scope of this mount's handles, worked out once a mount. */
export function scopeOf(policy: CompiledPolicy, mount: MountEntry): string {
  mount.scope ??= sealScope(policy, mount);
  return mount.scope;
}
