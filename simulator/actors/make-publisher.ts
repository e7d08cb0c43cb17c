import type { JournalWriter } from '../storage/journal-writer.js';
import { ModelPublisher } from './publisher.js';
import type { ScenePublisher } from './scene-publisher.js';
import { StreamPublisher } from './stream-publisher.js';
import type { SupervisorParts } from './supervisor.js';

/** A supervisor's publisher, to wherever the setup has events go. */
export function makePublisher(parts: SupervisorParts, journal: JournalWriter): ScenePublisher {
  const { world, process, store, stream, mutateStream: mutate } = parts;
  if (stream === undefined) return new ModelPublisher({ world, process, journal, store });
  return new StreamPublisher({ world, process, journal, service: stream, mutate });
}
