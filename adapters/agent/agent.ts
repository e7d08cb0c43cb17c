import { createEngine, type Engine } from '../../core/engine/engine.js';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import type { Policy } from '../../core/policy/schema.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Strategy } from '../../core/ports/strategy.js';
import { type Host, type HostOptions, openHost, version } from '../host/index.js';
import { usedKeys } from '../host/keys-in-use.js';
import { watchHandleUse } from '../host/watch-handle-use.js';
import { placeOf } from '../linux/cgroups.js';
import { systemCall } from '../linux/native.js';
import { AgentSocket } from '../oci/agent-socket.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import { isSeccompListener } from '../oci/listener-check.js';
import { ControlSocket } from './control-socket.js';

export interface AgentOptions {
  /** The socket for runtimes; without one (deputy run) targets come by serve(). */
  readonly socketPath?: string;
  readonly allowedUsers?: readonly number[];
  readonly stateDirectory: string;
  readonly policy: Policy;
  readonly logger: Logger;
  readonly strategies: (host: Host) => readonly Strategy[];
  readonly host: Pick<
    HostOptions,
    'handlersModule' | 'node' | 'maximumJournalBytes' | 'maximumEventBytes' | 'journalRetentionMs' | 'nats'
  >;
  readonly onFatal: (message: string) => void;
}

/** A running agent. */
export interface Agent {
  readonly engine: Engine;
  readonly host: Host;
  setPolicy(policy: Policy): void;
  /** Takes up the keys as they are in the state directory now. Throws a coded error; the old ones stay. */
  reloadKeys(): Promise<void>;
  /**
   * Stops accepting, finishes what is in flight, publishes, ends. Says how many live targets lose their
   * agent, and how many loops are stuck (see Host).
   */
  close(): Promise<{ readonly abandonedTargets: number; readonly stuckLoops: number }>;
}

/** Opens state, journal, loops and injector, proves the notifier on a probe child, and listens. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { stateDirectory, policy, logger, onFatal } = options;
  const host = await openHost({ ...options.host, stateDirectory, logger, onFatal });
  let engine: Engine | undefined;
  let control: ControlSocket | undefined;
  let socket: AgentSocket | undefined;
  let isOver = false;
  const closeAll = async (): Promise<{ readonly stuckLoops: number }> => {
    isOver = true;
    socket?.close();
    control?.close();
    await engine?.close();
    return host.close();
  };
  try {
    const obstacle = await host.service.obstacle();
    if (obstacle !== undefined) throw deputyError('DEPUTY_E_SELF_TEST_FAILED', { detail: obstacle });
    engine = createEngine({ ...host, strategies: options.strategies(host), policy });
    const running = engine;
    watchHandleUse(running, () => isOver);
    const answers = { status: () => statusOf(running, host), keys: () => host.reloadKeys().then(usedKeys) };
    control = await ControlSocket.open(stateDirectory, answers, logger);
    if (options.socketPath !== undefined) {
      socket = AgentSocket.open({
        path: options.socketPath,
        logger,
        ...(options.allowedUsers ? { allowedUsers: options.allowedUsers } : {}),
        onListener: (state, listener) => void take(running, logger, state, listener),
      });
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  const running = engine;
  return {
    engine: running,
    host,
    setPolicy: (next) => running.setPolicy(next),
    reloadKeys: () => host.reloadKeys().then(() => undefined),
    async close() {
      const abandonedTargets = running.status().delegations.filter(({ state }) => state === 'active').length;
      return { abandonedTargets, ...(await closeAll()) };
    },
  };
}

async function take(
  engine: Engine,
  logger: Logger,
  state: ContainerProcessState,
  listener: number,
): Promise<void> {
  const { containerId, processId, metadata, annotations } = state;
  const log = logger.child({ container: escapeText(containerId, 256) });
  if (!isSeccompListener(listener)) {
    systemCall('close', listener);
    const error = deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'it is not a seccomp listener' });
    log.warn({ code: error.code }, error.message);
    return;
  }
  try {
    const target = { containerId, processId, metadata, annotations, ...placeOf(processId), listener };
    await engine.delegate({ target, strategy: 'auto', origin: 'runtime' });
  } catch (error) {
    const code = isDeputyError(error) ? error.code : 'DEPUTY_E_HANDLER_FAILED';
    log.error({ err: error, code }, 'the container is not served; its calls will fail with ENOSYS');
    systemCall('close', listener);
  }
}

function statusOf(engine: Engine, host: Host): Record<string, unknown> {
  const { delegations } = engine.status();
  return {
    version,
    epoch: host.stateDirectory.epoch,
    processes: host.processes(),
    listeners: host.listenerCount,
    targets: delegations,
  };
}
