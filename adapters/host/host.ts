import type { Clock } from '../../core/ports/clock.js';
import type { EventStore } from '../../core/ports/event-store.js';
import type { Ids } from '../../core/ports/ids.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { StateDirectory } from '../../core/ports/state-directory.js';
import type { ProcessStatus } from '../keeper/process-status.js';
import { native } from '../linux/native.js';
import { InjectorProcess } from '../supervisor/injector-process.js';
import { giveWay } from './give-way.js';
import { randomIds } from './ids.js';
import type { KeysInUse } from './keys-in-use.js';
import type { NatsStoreSettings } from './open-published-store.js';
import { prepareServing } from './serving.js';
import { lockStateDirectory } from './state-directory.js';

export interface HostOptions {
  /** Where lock, journal and events are kept; made if it isn't there, 0700. */
  readonly stateDirectory: string;
  readonly logger?: Logger;
  /** The node's name in events; the host name if not given. */
  readonly node?: string;
  /** The module with the handlers of requests: `handlersModule` of deputy/strategies/seccomp-notify. */
  readonly handlersModule: URL;
  /** Bytes of journal on disk at most; at the bound requests wait. Default 1 GiB. */
  readonly maximumJournalBytes?: number;
  /** Bytes of events on disk at most; the eldest go first. Default 1 GiB. */
  readonly maximumEventBytes?: number;
  /** Events go to a stream on NATS instead of files in the state directory. */
  readonly nats?: NatsStoreSettings;
  /** Published segments of the journal are kept this long. Default 120 s; with NATS 240 s. */
  readonly journalRetentionMs?: number;
  /** Something failed that can't be mended; the host should be closed. */
  readonly onFatal?: (message: string) => void;
}

/**
 * This machine's side of an engine: everything that createEngine() wants, and the service that strategies
 * use.
 */
export interface Host {
  readonly service: RequestService;
  readonly store: EventStore;
  readonly stateDirectory: StateDirectory;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  processes(): readonly ProcessStatus[];
  /** Takes up the seal keys as they are now. Throws a coded error; the old ones stay. */
  reloadKeys(): Promise<KeysInUse>;
  /** Listeners that are served now. */
  readonly listenerCount: number;
  /**
   * Publishes what is left and ends loops and injector. Close the engine first. Says how many loops a target
   * keeps stuck in the kernel: while there is one, process.exit() hangs, and exitAtOnce() is the way to end.
   */
  close(): Promise<{ readonly stuckLoops: number }>;
}

/** Opens the host: takes the state directory, starts the injector and the first loop. Throws coded errors. */
export async function openHost(options: HostOptions): Promise<Host> {
  native();
  giveWay();
  const locked = lockStateDirectory(options.stateDirectory);
  try {
    return await startHost(options, locked.unlock);
  } catch (error) {
    locked.unlock();
    throw error;
  }
}

async function startHost(options: HostOptions, unlock: () => void): Promise<Host> {
  const { logger = silentLogger, stateDirectory } = options;
  let connect = (): void => {};
  const injector = new InjectorProcess(logger, () => connect());
  await injector.start();
  const warm = prepareServing(options, injector);
  connect = () => warm.server.connectInjector();
  await warm.begin();
  // Nobody hands over listeners here: what a predecessor left unfinished belongs to targets that are lost.
  warm.endFormer();
  const store = await warm.publishTo(stateDirectory);
  return {
    service: warm.server,
    store,
    stateDirectory: { sequencer: warm.publisher, epoch: warm.journal.epoch },
    clock: warm.clock,
    ids: randomIds,
    logger,
    processes: () => processesOf(injector),
    reloadKeys: () => warm.reloadKeys(),
    get listenerCount() {
      return warm.server.listenerCount;
    },
    async close() {
      const stuckLoops = await warm.stopLoops();
      await warm.stopPublishing();
      await injector.stop();
      await warm.close();
      // Not left to the end of the process, which a stuck loop may put off.
      unlock();
      return { stuckLoops };
    },
  };
}

function processesOf(injector: InjectorProcess): ProcessStatus[] {
  const own: ProcessStatus = { pid: process.pid, role: 'supervisor', state: 'active' };
  const { processId } = injector;
  return processId === undefined ? [own] : [own, { pid: processId, role: 'injector', state: 'active' }];
}
