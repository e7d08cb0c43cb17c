import type { ModelProcess } from '../kernel/process.js';
import type { AgentParts } from './agent.js';
import type { SupervisorLink } from './agent-link.js';
import { ModelSupervisor } from './supervisor.js';

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
    tableOf,
    readsJournal: setup.journal,
    openChannel: (opened) => injectors?.openChannel(process, opened),
    injection: (resume) => injectors?.clientFor(process, resume),
  });
  return { process, supervisor };
}
