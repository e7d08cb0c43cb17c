import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishedStore } from '../../core/publishing/published-store.js';
import type { FileEventStore } from '../event-store/index.js';
import { storageError } from '../journal/segment-error.js';
import type { NatsSettings, StreamSettings } from '../nats/settings.js';
import type { Publisher } from '../supervisor/publisher.js';

/** Events go to a stream on NATS instead of files. */
export interface NatsStoreSettings extends NatsSettings {
  readonly stream?: StreamSettings;
  /** Goes on in the stream of a state directory that was lost. */
  readonly adopt?: boolean;
}

export interface StoreOptions {
  readonly stateDirectory: string;
  readonly maximumEventBytes: number | undefined;
  readonly nats: NatsStoreSettings | undefined;
  readonly node: string;
  readonly epoch: number;
}

/** The store that events go to. */
export type OpenedStore = FileEventStore | PublishedStore;

/** A store that can't be begun with is closed again: it is opened anew for the next try. */
export async function openPublishedStore(options: StoreOptions, publisher: Publisher): Promise<OpenedStore> {
  const store =
    options.nats === undefined
      ? await openFiles(options)
      : await openStream(options, options.nats, publisher);
  try {
    await publisher.start(store);
    return store;
  } catch (error) {
    await store.close().catch(() => undefined);
    throw error;
  }
}

async function openFiles({ stateDirectory, maximumEventBytes }: StoreOptions): Promise<FileEventStore> {
  const { openFileEventStore } = await import('../event-store/index.js');
  const limits = maximumEventBytes === undefined ? {} : { maximumBytes: maximumEventBytes };
  return openFileEventStore({ directory: join(stateDirectory, 'events'), ...limits });
}

/** Loaded only by those who use it. */
async function openStream(
  { stateDirectory, node, epoch }: StoreOptions,
  nats: NatsStoreSettings,
  publisher: Publisher,
): Promise<PublishedStore> {
  const { openJetStreamStore, serverUrl } = await import('../nats/index.js');
  const url = serverUrl(nats.url, stateDirectory);
  const writer = { id: writerId(stateDirectory), epoch };
  const onState: Publisher['noteState'] = (state, error) => publisher.noteState(state, error);
  return openJetStreamStore({ ...nats, url, node, writer, onState });
}

/** By which a stream knows this state directory's journal from any other; made once. */
export function writerId(stateDirectory: string): string {
  const path = join(stateDirectory, 'writer');
  try {
    const id = readFileSync(path, 'latin1').trim();
    if (/^[0-9a-f]{16}$/.test(id)) return id;
  } catch {
    // Not made yet.
  }
  const id = randomBytes(8).toString('hex');
  try {
    writeFileSync(`${path}.new`, `${id}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw storageError(path, error);
  }
  return id;
}
