import { readFileSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import type { Policy } from '../../core/policy/schema.js';
import type { Logger } from '../../core/ports/logger.js';
import { wrapperOrigin } from '../agent/offered-listeners.js';
import { Admission, type PeerRules } from '../broker/peer.js';
import { becomeTarget } from '../broker/privileges.js';
import { lockStateDirectory } from '../host/state-directory.js';
import { Keeper, rememberedListeners } from '../keeper/index.js';
import { capability, setAmbientCapabilities } from '../linux/credentials.js';
import { systemCall } from '../linux/native.js';
import { openProcess, takeDescriptor } from '../linux/pidfd.js';
import { OwnIdentity } from '../linux/request-kernel/own-identity.js';
import { Threads } from '../linux/request-kernel/threads.js';
import { filterProcess } from '../supervisor/own-filter.js';
import { WrapperSocket } from './wrapper-socket.js';

/** Both fit into the volume that is rendered (256 MiB), keys too: whoever outgrows that is evicted. */
const journalBytes = 64 << 20;
const eventBytes = 96 << 20;

export interface NotifierOptions {
  readonly socketPath: string;
  /** What the target is, and this process becomes. */
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  readonly cgroup: PeerRules['cgroup'];
  readonly container: string;
  readonly stateDirectory: string;
  readonly policy: Policy;
  readonly policyPath?: string;
  readonly node?: string;
  /** What programs are delegated with: 'auto' (the default), or sidecar-caps by its name. */
  readonly strategy?: string;
  readonly supervisorEntry: string;
  readonly logLevel: string;
  readonly logger: Logger;
}

/** A sidecar that serves. */
export interface RunningNotifier {
  setPolicy(policy: Policy): void;
  /**
   * Finishes what is in flight and ends. Programs wait for the next sidecar, whose delegations go on: their
   * keepers hold the rest. With `forGood` delegations are released, and calls give ENOSYS once this process,
   * which has the listeners as well, has ended.
   */
  close(forGood?: boolean): Promise<{ readonly stuckLoops: number }>;
}

/**
 * The agent's own keeper, supervisor and injector, as the target's user with CAP_DAC_READ_SEARCH alone, and
 * with the listener keepers of wrapped programs in the place of a service manager's descriptor store. Throws
 * coded errors.
 */
export async function openNotifier(options: NotifierOptions): Promise<RunningNotifier> {
  const { user, group, groups, stateDirectory, policy, logger } = options;
  requireSameUserAccess();
  await becomeTarget({ user, group, groups });
  const kept = setAmbientCapabilities([capability.DAC_READ_SEARCH]);
  if (kept < 0) {
    throw deputyError('DEPUTY_E_BROKER_PRIVILEGES', { detail: 'its children can not have the capability' });
  }
  // Children inherit it, the injector too: without CAP_SYS_ADMIN it can suspend no filters, anyway.
  const filtered = filterProcess();
  if (filtered < 0) {
    throw deputyError('DEPUTY_E_BROKER_PRIVILEGES', { detail: `seccomp: ${errnoText(-filtered)}` });
  }
  lockStateDirectory(stateDirectory);
  const threads = new Threads(new OwnIdentity(user));
  const rules: PeerRules = { user, groups: [group, ...groups], cgroup: options.cgroup };
  const { socketPath: path, container } = options;
  const admission = new Admission(rules, threads);
  const socket = WrapperSocket.open({ path, admission, threads, user, container, logger });
  let keeper: Keeper | undefined;
  try {
    const stored = await socket.comeBack(rememberedListeners(stateDirectory));
    const holder = new Keeper({
      stored,
      storage: socket,
      supervisorEntry: options.supervisorEntry,
      standby: false,
      isProved: stored.length > 0,
      logger,
      configuration: {
        stateDirectory,
        logLevel: options.logLevel,
        policy,
        journalBytes,
        eventBytes,
        isSidecar: true,
        ...(options.policyPath === undefined ? {} : { policyPath: options.policyPath }),
        ...(options.node === undefined ? {} : { node: options.node }),
        ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
      },
    });
    keeper = holder;
    await holder.start();
    socket.serve(({ state, descriptor }) => holder.take(state, descriptor, wrapperOrigin) !== undefined);
    return {
      setPolicy: (next) => holder.setPolicy(next),
      async close(forGood = false) {
        const end = await holder.stop(forGood);
        socket.close(forGood);
        return end;
      },
    };
  } catch (error) {
    // What it started would keep this process.
    await keeper?.stop();
    socket.close();
    throw error;
  }
}

/**
 * Yama lets a process look into its descendants alone, or into none (its documentation in the kernel's), and
 * runtimes' default profiles refuse pidfd_getfd(2) without CAP_SYS_PTRACE.
 */
function requireSameUserAccess(): void {
  let scope = 0;
  try {
    scope = Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8'));
  } catch {
    // There is no Yama.
  }
  const unable = (detail: string): never => {
    throw deputyError('DEPUTY_E_NOTIFIER_UNABLE', { detail });
  };
  if (scope > 0) unable(`kernel.yama.ptrace_scope is ${scope}`);
  const own = openProcess(process.pid);
  const copy = own < 0 ? own : takeDescriptor(own, own);
  for (const descriptor of [own, copy]) if (descriptor >= 0) systemCall('close', descriptor);
  if (copy < 0) unable(`pidfd_getfd: ${errnoText(-copy)}`);
}
