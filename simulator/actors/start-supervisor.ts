import type { TargetHandleFacts } from '../../core/file-handles/target-facts.js';
import type { ModelProcess } from '../kernel/process.js';
import { bit, capability } from '../processes/capability-sets.js';
import type { World } from '../world/world.js';
import type { AgentParts } from './agent.js';
import type { SupervisorLink } from './agent-link.js';
import { ModelSupervisor } from './supervisor.js';

const capabilities = bit(capability.SYS_ADMIN) | bit(capability.DAC_READ_SEARCH);

/** Targets have a user namespace of their own, which owns their mounts; each share's root is root's. */
function handleFactsOf({ kernel }: World, mappedUsers: readonly number[]): TargetHandleFacts {
  return {
    hasUserNamespace: true,
    ownsMounts: true,
    effectiveCapabilities: capabilities,
    shares: [...kernel.files.mounts.values()].map((mount) => ({
      mountPoint: mount.mountPoint,
      fileSystemType: mount.fileSystemType,
      isOwnerMapped: mappedUsers.includes(kernel.files.rootOf(mount).user),
      sealed: 0,
    })),
  };
}

/** Starts a supervisor's process. */
export function startSupervisor(
  parts: AgentParts,
  _parent: ModelProcess | undefined,
  link: SupervisorLink,
): { readonly process: ModelProcess; readonly supervisor: ModelSupervisor } {
  const { world, policy, store, ids, setup, tableOf, injectors } = parts;
  const process = world.kernel.spawn(`supervisor-${parts.nextNumber('supervisor')}`);
  const supervisor = new ModelSupervisor({
    world,
    process,
    store,
    stream: parts.stream,
    mutateStream: parts.mutateStream,
    policy,
    ids,
    link,
    strategy: setup.strategy === 'file-handle' ? 'file-handle' : 'auto',
    inspectTarget: () => handleFactsOf(world, parts.mappedUsers),
    tableOf,
    readsJournal: setup.journal,
    openChannel: (opened) => injectors?.openChannel(process, opened),
    injection: (resume) => injectors?.clientFor(process, resume),
  });
  return { process, supervisor };
}
