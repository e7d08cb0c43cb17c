import { hostname } from 'node:os';
import { join } from 'node:path';
import type { DeputyError } from '../../core/errors/deputy-error.js';
import { segmentBytes, segmentOf } from '../../core/journal/segment-layout.js';
import { defaultPolicy } from '../../core/policy/defaults.js';
import { resolvePolicy } from '../../core/policy/match.js';
import type { Clock } from '../../core/ports/clock.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { ListenerOwner } from '../../core/publishing/owners-scan.js';
import { Journal } from '../journal/journal.js';
import type { FirstLoop } from '../supervisor/first-loop.js';
import type { InjectorChannels } from '../supervisor/injector-channels.js';
import { Publisher } from '../supervisor/publisher.js';
import { RequestServer } from '../supervisor/request-server.js';
import { build } from './build.js';
import { systemClock } from './clock.js';
import type { HostOptions } from './host.js';
import { type KeysInUse, keyReloader, keysOf } from './keys-in-use.js';
import { type OpenedStore, openPublishedStore } from './open-published-store.js';
import { syscallName } from './syscall-names.js';

const tendEveryMs = 1_000;
/** A stream's server syncs every two minutes: what it may lose with power is kept for twice as long. */
const retentionMs = { files: 120_000, stream: 240_000 } as const;

/**
 * Journal, loops and publisher of one process, in the order in which a successor needs them: prepared while
 * another process serves; begun, so that requests can be received; publishing, which nobody waits for.
 */
export interface Serving {
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly server: RequestServer;
  readonly clock: Clock;
  /** Takes the next epoch of the journal, and finds what was left unfinished. */
  begin(): void;
  /** Reads the keys again: them, and whether every loop has them. Throws a coded error; the old ones stay. */
  reloadKeys(): Promise<KeysInUse>;
  /** Whose listeners are, as predecessors wrote down; once begun. */
  owners(): Promise<ReadonlyMap<number, ListenerOwner>>;
  /** Ends what was left unfinished and whose listeners did not come. */
  endFormer(): void;
  /** Opens the event store of the state directory, and publishes what was left, and then all that comes. */
  publishTo(stateDirectory: string): Promise<OpenedStore>;
  /** How many loops were stuck. */
  stopLoops(): Promise<number>;
  stopPublishing(): Promise<void>;
  close(): Promise<void>;
}

/** Prepares to serve; nothing of the state directory is written to but a file made ready. */
export function prepareServing(options: HostOptions, injector: InjectorChannels, first?: FirstLoop): Serving {
  const { logger = silentLogger, stateDirectory } = options;
  const clock = systemClock();
  const journalDirectory = join(stateDirectory, 'journal');
  const journal = prepareJournal(journalDirectory, options, clock, first);
  const { handlersModule, node = hostname() } = options;
  const publisher = new Publisher({ journal, journalDirectory, node, syscallName, logger });
  const parts = { journal, journalDirectory, publisher, injector, handlersModule, first: first?.loop };
  const server = new RequestServer({
    ...parts,
    keys: keysOf(stateDirectory, clock),
    obstacle: async () => (await import('../launcher/self-test.js')).probeNotifier(),
    logger,
    onFatal: options.onFatal ?? ((message) => logger.error({}, message)),
  });
  const sayDamage = ({ code, message, remedy }: DeputyError): void => logger.error({ code, remedy }, message);
  const reloadKeys = keyReloader(server, stateDirectory, clock);
  let store: OpenedStore | undefined;
  let stuckLoops = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    journal,
    publisher,
    server,
    clock,
    begin() {
      journal.begin(wallClockBaseMs(clock));
      for (const error of journal.damage) sayDamage(error);
      reloadKeys().catch((error: unknown) => logger.error({ err: error }, 'the old keys stay'));
      server.begin();
    },
    reloadKeys,
    async owners() {
      const { readListenerOwners } = await import('../supervisor/listener-owners.js');
      return readListenerOwners(journalDirectory, journal.firstSegment);
    },
    endFormer() {
      server.endFormer(resolvePolicy(defaultPolicy(), { containerId: 'gone', metadata: '' }));
    },
    async publishTo(directory) {
      trimFormer(journal, logger);
      const { maximumEventBytes, nats } = options;
      const parts = { stateDirectory: directory, maximumEventBytes, nats, node, epoch: journal.epoch };
      const opened = await openPublishedStore(parts, publisher);
      store = opened;
      // A successor's first concern is its targets.
      void publisher.caughtUp().then(async () => {
        const { checkSealed } = await import('../journal/check-sealed.js');
        await checkSealed(journalDirectory, journal.firstSegment, sayDamage);
      });
      timer = tendDisk({ journal, publisher, store: opened }, retentionOf(options), clock, logger);
      return opened;
    },
    async stopLoops() {
      stuckLoops = await server.stop();
      return stuckLoops;
    },
    async stopPublishing() {
      clearInterval(timer);
      await publisher.stop();
    },
    async close() {
      await journal.sync().catch((error: unknown) => logUntended(logger, error));
      await store?.close();
      await journal.close(stuckLoops === 0);
    },
  };
}

function prepareJournal(
  directory: string,
  { maximumJournalBytes = 1 << 30 }: HostOptions,
  clock: Clock,
  first: FirstLoop | undefined,
): Journal {
  return Journal.prepare({
    directory,
    build,
    ...(first === undefined ? {} : { counters: first.counters }),
    wallClockBaseMs: wallClockBaseMs(clock),
    // Fewer than the one in use, its successor and two that are being published would only stall.
    maximumSegments: Math.max(4, Math.floor(maximumJournalBytes / segmentBytes)),
  });
}

function wallClockBaseMs(clock: Clock): number {
  return clock.nowMs() - clock.monotonicUs() / 1_000;
}

interface Retention {
  readonly retentionMs: number;
  readonly onlyWithRoom: boolean;
}

/**
 * Files are flushed before a segment goes, and lose nothing later, as a stream its last minutes may. So
 * published segments are kept for whoever looks into them, as long as there is room, unless somebody said for
 * how long.
 */
function retentionOf({ journalRetentionMs, nats }: HostOptions): Retention {
  const byDefault = nats === undefined ? retentionMs.files : retentionMs.stream;
  const onlyWithRoom = nats === undefined && journalRetentionMs === undefined;
  return { retentionMs: journalRetentionMs ?? byDefault, onlyWithRoom };
}

interface OnDisk {
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly store: OpenedStore;
}

/** Syncs to disk now and then, and removes segments of the journal that are published and old enough. */
function tendDisk(
  { journal, publisher, store }: OnDisk,
  { retentionMs, onlyWithRoom }: Retention,
  clock: Clock,
  logger: Logger,
): NodeJS.Timeout {
  let removable = 0;
  const tend = async (): Promise<void> => {
    try {
      // What is published meanwhile is not on the disk yet.
      const { position } = publisher;
      await Promise.all([journal.sync(), 'flush' in store ? store.flush() : undefined]);
      await publisher.keepCheckpoint();
      const done = Math.min(segmentOf(position), journal.eldestOpenSegment);
      const keepsMs = onlyWithRoom && journal.isCrowded ? 0 : retentionMs;
      for (; removable < done; removable++) {
        const ageMs = journal.ageMs(removable, clock.nowMs());
        if (keepsMs > 0 && ageMs !== undefined && ageMs < keepsMs) break;
      }
      journal.removeBefore(removable, position);
    } catch (error) {
      logUntended(logger, error);
    }
  };
  // Whoever is killed soon has let go of something by then.
  void publisher.caughtUp().then(tend);
  const timer = setInterval(() => void tend(), tendEveryMs);
  timer.unref();
  return timer;
}

/** First of all: it is what makes room where epochs follow one another fast. */
function trimFormer(journal: Journal, logger: Logger): void {
  try {
    journal.trimFormer();
  } catch (error) {
    logUntended(logger, error);
  }
}

function logUntended(logger: Logger, error: unknown): void {
  logger.warn({ err: error }, 'the state directory could not be tended');
}
