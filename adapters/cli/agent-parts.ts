import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { Policy } from '../../core/policy/schema.js';
import type { Logger } from '../../core/ports/logger.js';
import { fileHandle } from '../../strategies/file-handle/strategy.js';
import { handlersModule, seccompNotify } from '../../strategies/seccomp-notify/index.js';
import { type Agent, startAgent } from '../agent/agent.js';
import { inspectTarget } from '../file-handle/inspect-target.js';
import type { NatsStoreSettings } from '../host/open-published-store.js';
import { assessShares } from '../host/share-obstacles.js';
import { lockStateDirectory } from '../host/state-directory.js';
import {
  HandOverSocket,
  hasKeeper,
  Keeper,
  requestHandOver,
  type StoredDescriptor,
} from '../keeper/index.js';
import { EmbeddedServer } from '../nats/embedded-server.js';
import { entryUrl } from '../supervisor/entry-path.js';
import { descriptorStore, openNotifySocket, receivedDescriptors } from '../systemd/index.js';
import { loadPolicy } from './load-policy.js';
import { embedded, natsStore, type StreamFlags } from './nats-options.js';

/** How long whoever replaces an agent waits for its lock: its injector may have to finish something. */
const lockWaitMs = 30_000;
const lockRetryMs = 5;

/** Where the present agent of a state directory can be asked to hand over. */
function handOverPath(stateDirectory: string): string {
  return join(stateDirectory, 'keeper.sock');
}

/** Where state is kept when nothing is said. */
export const defaultStateDirectory = '/var/lib/deputy';

/** What an agent is started with. */
export interface AgentFlags extends StreamFlags {
  readonly socket?: string;
  readonly policy?: string;
  readonly state: string;
  readonly node?: string;
  readonly allowUser?: readonly number[];
  readonly journalBytes?: number;
  readonly eventBytes?: number;
  readonly journalRetentionMs?: number;
  readonly standby?: boolean;
  /** The strategy of all targets, by name; without it the policy's order decides. */
  readonly strategy?: string;
  /** Takes over from the agent that runs on the same state directory, which then ends. */
  readonly replace?: boolean;
  /** Without a keeper one process does everything: what others do, and to be compared with. */
  readonly keeper?: 'on' | 'off';
}

function natsOf(flags: AgentFlags): { nats?: NatsStoreSettings } {
  const nats = natsStore(flags);
  return nats === undefined ? {} : { nats };
}

/** A running agent, with a keeper or without. */
export interface RunningAgent {
  reloadPolicy(): void;
  close(): Promise<{ readonly abandonedTargets: number; readonly stuckLoops: number }>;
}

/** Starts an agent with everything this build has: the one place where strategies and adapters meet. */
export function openAgent(flags: AgentFlags, policy: Policy, logger: Logger): Promise<Agent> {
  // Events are garbage a moment after they are made; a young generation that grows with their rate gains
  // nothing.
  setFlagsFromString('--semi-space-growth-factor=1');
  return startAgent({
    ...(flags.socket === undefined ? {} : { socketPath: flags.socket }),
    ...(flags.allowUser === undefined ? {} : { allowedUsers: flags.allowUser }),
    stateDirectory: flags.state,
    policy,
    logger,
    strategies: ({ service }) => [
      seccompNotify({ service, assessShares }),
      fileHandle({ service, assessShares, inspectTarget }),
    ],
    host: {
      handlersModule,
      ...(flags.node === undefined ? {} : { node: flags.node }),
      ...(flags.journalBytes === undefined ? {} : { maximumJournalBytes: flags.journalBytes }),
      ...(flags.journalRetentionMs === undefined ? {} : { journalRetentionMs: flags.journalRetentionMs }),
      ...(flags.eventBytes === undefined ? {} : { maximumEventBytes: flags.eventBytes }),
      ...natsOf(flags),
    },
    onFatal: (message) => {
      logger.error({}, `${message}; ending`);
      process.exit(1);
    },
  });
}

/**
 * Opens a keeper for the flags; the caller starts it. The state directory is locked from here on or, with
 * `replace`, from when its present agent has handed over.
 */
export function openKeeper(
  flags: AgentFlags,
  logLevel: string,
  logger: Logger,
  server?: EmbeddedServer,
): Keeper {
  // A policy that is wrong or odd is said at once, and once.
  const policy = loadPolicy(flags.policy, logger);
  if (!flags.replace) lockStateDirectory(flags.state);
  const hasPresent = hasKeeper(handOverPath(flags.state));
  const notify = openNotifySocket();
  return new Keeper({
    stored: receivedDescriptors(),
    ...(notify === undefined ? {} : { storage: descriptorStore(notify) }),
    ...(flags.socket === undefined ? {} : { socketPath: flags.socket }),
    ...(flags.allowUser === undefined ? {} : { allowedUsers: flags.allowUser }),
    supervisorEntry: fileURLToPath(entryUrl(new URL('./supervisor.js', import.meta.url))),
    standby: flags.standby !== false,
    ...(flags.replace ? { handOver: () => replaceAgent(flags.state, hasPresent, logger, server) } : {}),
    logger,
    configuration: {
      stateDirectory: flags.state,
      logLevel,
      policy,
      ...(flags.policy === undefined ? {} : { policyPath: resolve(flags.policy) }),
      ...(flags.node === undefined ? {} : { node: flags.node }),
      ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
      ...(flags.journalBytes === undefined ? {} : { journalBytes: flags.journalBytes }),
      ...(flags.journalRetentionMs === undefined ? {} : { journalRetentionMs: flags.journalRetentionMs }),
      ...(flags.eventBytes === undefined ? {} : { eventBytes: flags.eventBytes }),
      ...natsOf(flags),
    },
  });
}

/** Ends the agent of a state directory and takes what it held. Waits for its lock, which goes with it. */
async function replaceAgent(
  stateDirectory: string,
  hasPresent: boolean,
  logger: Logger,
  server: EmbeddedServer | undefined,
): Promise<readonly StoredDescriptor[]> {
  const given = await requestHandOver(handOverPath(stateDirectory));
  // Whoever starts that one again has its listeners, and this one would hold the lock.
  if (given === undefined && hasPresent) {
    throw new Error('the agent that was to be replaced ended before it handed over');
  }
  const stored = given ?? [];
  const end = performance.now() + lockWaitMs;
  for (;;) {
    try {
      lockStateDirectory(stateDirectory);
      // The former agent's server ended before its lock did. Targets wait, and events don't have to.
      server?.start().catch((error: unknown) => logger.error({ err: error }, 'there is no nats-server'));
      return stored;
    } catch (error) {
      if (!isDeputyError(error, 'DEPUTY_E_STATE_DIRECTORY_LOCKED') || performance.now() > end) throw error;
      await new Promise((resolveWait) => setTimeout(resolveWait, lockRetryMs));
    }
  }
}

/** Starts an agent as the flags say. Throws a coded error, and leaves nothing behind then. */
export async function startRunningAgent(
  flags: AgentFlags,
  logLevel: string,
  logger: Logger,
  onReplaced: () => void,
): Promise<RunningAgent> {
  if (flags.keeper === 'off') {
    if (flags.nats === embedded) {
      throw deputyError('DEPUTY_E_USAGE', { detail: '--nats embedded needs a keeper' });
    }
    const agent = await openAgent(flags, loadPolicy(flags.policy, logger), logger);
    const reloadPolicy = (): void => {
      void agent.reloadKeys().catch((error: unknown) => {
        logger.error({ err: error }, 'the keys can not be read; the old ones stay');
      });
      agent.setPolicy(loadPolicy(flags.policy, logger));
    };
    return { reloadPolicy, close: () => agent.close() };
  }
  const server = flags.nats === embedded ? new EmbeddedServer(flags.state, logger) : undefined;
  // What is missing is said before the present agent has handed anything over.
  server?.assertInstalled();
  const keeper = openKeeper(flags, logLevel, logger, server);
  try {
    if (!flags.replace) await server?.start();
    await keeper.start();
  } catch (error) {
    await keeper.stop();
    await server?.stop();
    throw error;
  }
  const path = handOverPath(flags.state);
  const giveAll = async (): Promise<readonly StoredDescriptor[]> => {
    const held = await keeper.handOver();
    await server?.stop(true);
    return held;
  };
  const handOver = HandOverSocket.open(path, giveAll, onReplaced);
  return {
    reloadPolicy: () => keeper.setPolicy(loadPolicy(flags.policy, logger)),
    close: async () => {
      handOver?.close();
      const end = await keeper.stop();
      await server?.stop();
      return end;
    },
  };
}
