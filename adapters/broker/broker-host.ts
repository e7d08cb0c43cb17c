import { hostname } from 'node:os';
import { join } from 'node:path';
import type { BrokerHost } from '../../core/ports/broker.js';
import type { Clock } from '../../core/ports/clock.js';
import type { EventStore } from '../../core/ports/event-store.js';
import type { Ids } from '../../core/ports/ids.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { StateDirectory } from '../../core/ports/state-directory.js';
import { type FileEventStore, openFileEventStore } from '../event-store/index.js';
import { build } from '../host/build.js';
import { systemClock } from '../host/clock.js';
import { randomIds } from '../host/ids.js';
import { keysOf } from '../host/keys-in-use.js';
import { lockStateDirectory } from '../host/state-directory.js';
import { syscallName } from '../host/syscall-names.js';
import { Journal } from '../journal/journal.js';
import { readOpenRecords } from '../journal/open-records.js';
import { KeyRing } from '../keys/index.js';
import { firstListenerKey } from '../supervisor/listener-keys.js';
import { Publisher } from '../supervisor/publisher.js';
import { BrokerJournal } from './journal-writer.js';
import { type BrokerOptions, LinuxBrokerSession } from './session.js';

/** 64 MiB of journal: a sidecar's volume is small, and what is published goes. */
const maximumSegments = 16;

export interface BrokerHostOptions extends BrokerOptions {
  readonly stateDirectory: string;
  readonly node?: string;
  readonly logger?: Logger;
}

/** What an engine needs whose strategy is a broker in this process. */
export interface OpenedBrokerHost {
  readonly broker: BrokerHost;
  readonly store: EventStore;
  readonly stateDirectory: StateDirectory;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Requests that a predecessor left unfinished. */
  readonly inFlight: number;
  /** Takes up the seal keys as they are now. Throws a coded error; the old ones stay. */
  reloadKeys(): void;
  close(): Promise<void>;
}

/** Takes a state directory; the process is the target's by then. Throws coded errors. */
export async function openBrokerHost(options: BrokerHostOptions): Promise<OpenedBrokerHost> {
  const locked = lockStateDirectory(options.stateDirectory);
  try {
    return await open(options, locked.unlock);
  } catch (error) {
    locked.unlock();
    throw error;
  }
}

async function open(options: BrokerHostOptions, unlock: () => void): Promise<OpenedBrokerHost> {
  const { stateDirectory, node = hostname(), logger = silentLogger, rules } = options;
  const clock = systemClock();
  const directory = join(stateDirectory, 'journal');
  const seals = new KeyRing();
  seals.set(keysOf(stateDirectory, clock));
  const wallClockBaseMs = clock.nowMs() - clock.monotonicUs() / 1_000;
  const journal = Journal.open({ directory, build, wallClockBaseMs, maximumSegments });
  const former = readOpenRecords(directory, journal.eldestOpenSegment, journal.firstSegment);
  const publisher = new Publisher({ journal, journalDirectory: directory, node, syscallName, logger });
  const store: FileEventStore = await openFileEventStore({ directory: join(stateDirectory, 'events') });
  await publisher.start(store);
  const writer = new BrokerJournal(journal, publisher, store, logger, clock.nowMs);
  await writer.begin();
  const parts = {
    ...options,
    journal: writer,
    publisher,
    lastTicket: () => journal.counters.nextTicket - 1,
    former: former.map(({ bytes }) => bytes),
    seals,
    nowUs: clock.monotonicUs,
    logger,
    listenerKey: firstListenerKey,
  };
  return {
    broker: { user: rules.user, open: () => new LinuxBrokerSession(parts) },
    store,
    stateDirectory: { sequencer: publisher, epoch: journal.epoch },
    clock,
    ids: randomIds,
    logger,
    inFlight: former.length,
    reloadKeys: () => seals.set(keysOf(stateDirectory, clock)),
    async close() {
      writer.stop();
      await publisher.stop();
      await store.close();
      await journal.close();
      unlock();
    },
  };
}
