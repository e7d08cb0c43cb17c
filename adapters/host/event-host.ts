import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../core/ports/clock.js';
import type { EventStore } from '../../core/ports/event-store.js';
import type { Ids } from '../../core/ports/ids.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { StateDirectory } from '../../core/ports/state-directory.js';
import { openFileEventStore } from '../event-store/index.js';
import { Journal } from '../journal/journal.js';
import { Publisher } from '../supervisor/publisher.js';
import { build } from './build.js';
import { systemClock } from './clock.js';
import { randomIds } from './ids.js';
import { lockStateDirectory } from './state-directory.js';
import { syscallName } from './syscall-names.js';

/** A delegation without requests writes little: 32 MiB of journal at most. */
const maximumSegments = 8;
const tendEveryMs = 1_000;

/**
 * What an engine needs whose strategies answer no requests: journal and event store, no loops, no injector.
 */
export interface EventHost {
  readonly store: EventStore;
  readonly stateDirectory: StateDirectory;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  close(): Promise<void>;
}

export interface EventHostOptions {
  readonly stateDirectory: string;
  readonly node?: string;
  readonly logger?: Logger;
}

/** Takes a state directory and publishes what is left there. Throws coded errors. */
export async function openEventHost(options: EventHostOptions): Promise<EventHost> {
  const { stateDirectory, node = hostname(), logger = silentLogger } = options;
  const locked = lockStateDirectory(stateDirectory);
  const clock = systemClock();
  const directory = join(stateDirectory, 'journal');
  try {
    const wallClockBaseMs = clock.nowMs() - clock.monotonicUs() / 1_000;
    const journal = Journal.open({ directory, build, wallClockBaseMs, maximumSegments });
    const publisher = new Publisher({ journal, journalDirectory: directory, node, syscallName, logger });
    const store = await openFileEventStore({ directory: join(stateDirectory, 'events') });
    await publisher.start(store);
    const tend = async (): Promise<void> => {
      journal.prepareAhead();
      publisher.writeWaiting();
      journal.trimFormer();
      journal.removeBefore(journal.firstSegment, publisher.position);
      await Promise.all([journal.sync(), store.flush()]);
    };
    const timer = setInterval(() => {
      tend().catch((error: unknown) =>
        logger.warn({ err: error }, 'the state directory could not be tended'),
      );
    }, tendEveryMs);
    timer.unref();
    return {
      store,
      stateDirectory: { sequencer: publisher, epoch: journal.epoch },
      clock,
      ids: randomIds,
      logger,
      async close() {
        clearInterval(timer);
        await publisher.stop();
        await store.close();
        await journal.close();
        locked.unlock();
      },
    };
  } catch (error) {
    locked.unlock();
    throw error;
  }
}
