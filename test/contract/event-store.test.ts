import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileEventStore } from '../../adapters/event-store/index.js';
import { InMemoryEventStore } from '../../core/stores/in-memory-event-store.js';
import { eventStoreSuite } from './event-store.suite.js';

eventStoreSuite('in memory', async () => ({
  open: async () => new InMemoryEventStore(),
  cleanUp: async () => {},
}));

function fileFixture(sizes: { segmentBytes?: number }) {
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'deputy-events-'));
    const open = () => openFileEventStore({ directory, ...sizes });
    return { open, reopen: open, cleanUp: () => rm(directory, { recursive: true }) };
  };
}

eventStoreSuite('files', fileFixture({}));
// So small that nearly each append begins a segment.
eventStoreSuite('files, small segments', fileFixture({ segmentBytes: 1000 }));
