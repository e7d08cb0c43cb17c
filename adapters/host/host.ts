import { getPriority, hostname, setPriority } from 'node:os';
import { join } from 'node:path';
import { segmentBytes, segmentOf } from '../../core/journal/segment-layout.js';
import type { Clock } from '../../core/ports/clock.js';
import type { EventStore } from '../../core/ports/event-store.js';
import type { Ids } from '../../core/ports/ids.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { StateDirectory } from '../../core/ports/state-directory.js';
import { type FileEventStore, openFileEventStore } from '../event-store/index.js';
import { checkSealed } from '../journal/check-sealed.js';
import { Journal } from '../journal/journal.js';
import { probeNotifier } from '../launcher/self-test.js';
import { native } from '../linux/native.js';
import { InjectorProcess } from '../supervisor/injector-process.js';
import { ListenerCounts } from '../supervisor/listener-registry.js';
import { Publisher } from '../supervisor/publisher.js';
import { RequestServer } from '../supervisor/request-server.js';
import { build } from './build.js';
import { systemClock } from './clock.js';
import { randomIds } from './ids.js';
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
  /** Published segments of the journal are kept this long. Default 120 s. */
  readonly journalRetentionMs?: number;
  /** Something failed that can't be mended; the host should be closed. */
  readonly onFatal?: (message: string) => void;
}

/** A process of deputy's, for status. */
export interface ProcessStatus {
  readonly pid: number;
  readonly role: 'supervisor' | 'injector' | 'keeper';
  readonly state: 'active' | 'standby';
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
  /** Listeners that are served now. */
  readonly listenerCount: number;
  /**
   * Publishes what is left and ends loops and injector. Close the engine first. Says how many loops a target
   * keeps stuck in the kernel: while there is one, process.exit() hangs, and exitAtOnce() is the way to end.
   */
  close(): Promise<{ readonly stuckLoops: number }>;
}

const tendEveryMs = 1_000;

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

/** Niceness of this thread: where it shares a processor with a loop, requests come before events. */
const niceness = 10;

function giveWay(): void {
  try {
    setPriority(Math.max(niceness, getPriority()));
  } catch {
    // Only a courtesy to the loops.
  }
}

/** The parts of a host that are opened one after another. */
interface Parts {
  readonly journal: Journal;
  readonly store: FileEventStore;
  readonly publisher: Publisher;
  readonly injector: InjectorProcess;
  readonly server: RequestServer;
}

async function openParts(options: HostOptions, clock: Clock, logger: Logger): Promise<Parts> {
  const { stateDirectory } = options;
  const journalDirectory = join(stateDirectory, 'journal');
  const maximumJournalBytes = options.maximumJournalBytes ?? 1 << 30;
  const journal = Journal.open({
    directory: journalDirectory,
    build,
    wallClockBaseMs: clock.nowMs() - clock.monotonicUs() / 1_000,
    // Fewer than the one in use, its successor and two that are being published would only stall.
    maximumSegments: Math.max(4, Math.floor(maximumJournalBytes / segmentBytes)),
  });
  for (const { code, message, remedy } of journal.damage) logger.error({ code, remedy }, message);
  void checkSealed(journalDirectory, journal.firstSegment, ({ code, message, remedy }) => {
    logger.error({ code, remedy }, message);
  });
  const store = await openFileEventStore({
    directory: join(stateDirectory, 'events'),
    ...(options.maximumEventBytes === undefined ? {} : { maximumBytes: options.maximumEventBytes }),
  });
  const counts = new ListenerCounts();
  const node = options.node ?? hostname();
  const publisher = new Publisher({ journal, journalDirectory, store, node, syscallName, counts, logger });
  publisher.start();
  let server: RequestServer | undefined;
  const injector = new InjectorProcess(logger, () => server?.connectInjector());
  await injector.start();
  server = new RequestServer({
    journal,
    publisher,
    counts,
    injector,
    handlersModule: options.handlersModule,
    obstacle: probeNotifier,
    logger,
    onFatal: options.onFatal ?? ((message) => logger.error({}, message)),
  });
  return { journal, store, publisher, injector, server };
}

/** Syncs to disk now and then, and removes segments of the journal that are published and old enough. */
function tendDisk(parts: Parts, options: HostOptions, clock: Clock, logger: Logger): NodeJS.Timeout {
  const { journal, store, publisher } = parts;
  const retentionMs = options.journalRetentionMs ?? 120_000;
  let removable = 0;
  const tend = async (): Promise<void> => {
    try {
      await Promise.all([journal.sync(), store.flush()]);
      const published = segmentOf(publisher.position);
      for (; removable < published; removable++) {
        const ageMs = journal.ageMs(removable, clock.nowMs());
        if (ageMs !== undefined && ageMs < retentionMs) break;
      }
      journal.removeBefore(removable, publisher.position);
    } catch (error) {
      logUntended(logger, error);
    }
  };
  const timer = setInterval(() => void tend(), tendEveryMs);
  timer.unref();
  return timer;
}

function logUntended(logger: Logger, error: unknown): void {
  logger.warn({ err: error }, 'the state directory could not be tended');
}

async function startHost(options: HostOptions, unlock: () => void): Promise<Host> {
  const { logger = silentLogger } = options;
  const clock = systemClock();
  const parts = await openParts(options, clock, logger);
  const { journal, store, publisher, injector, server } = parts;
  const timer = tendDisk(parts, options, clock, logger);
  return {
    service: server,
    store,
    stateDirectory: { sequencer: publisher, epoch: journal.epoch },
    clock,
    ids: randomIds,
    logger,
    processes: () => processesOf(injector),
    get listenerCount() {
      return server.listenerCount;
    },
    async close() {
      clearInterval(timer);
      const stuckLoops = await server.stop();
      await publisher.stop();
      await injector.stop();
      await journal.sync().catch((error: unknown) => logUntended(logger, error));
      await store.close();
      await journal.close(stuckLoops === 0);
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

const names = new Map<number, string>();
/** The name of a system call that deputy knows, else its number. */
function syscallName(number: number): string {
  if (names.size === 0) {
    for (const [name, value] of Object.entries(native().numbers)) names.set(value, name);
  }
  return names.get(number) ?? `syscall ${number}`;
}
