import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type StreamConfig } from 'nats';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { streamName } from '../../core/events/subject.js';
import { connectNats, natsError } from './connect.js';
import { isMissingStream } from './ensure-stream.js';
import type { NatsSettings, StreamSettings } from './settings.js';
import { wantedStream } from './stream-config.js';

/**
 * The first that takes the expected sequence off what it sources. With 2.9.10 and 2.10.27 an aggregate stalls
 * at the second stream's first message ('last sequence mismatch' in the server's log).
 */
const oldest = { major: 2, minor: 11 } as const;

export interface AggregateOptions extends NatsSettings {
  readonly nodes: readonly string[];
  /** The aggregate's name. */
  readonly name: string;
  readonly stream?: StreamSettings;
  /** Changes the nodes of one that is there. */
  readonly update?: boolean;
}

/**
 * Makes a stream that has the events of several nodes' streams, which nobody can publish to. Throws
 * DEPUTY_E_STREAM_DIFFERS where there is another of that name, DEPUTY_E_STREAM_MISSING where a node has none.
 */
export async function makeAggregate(options: AggregateOptions): Promise<void> {
  const connection = await connectNats(options, 'deputy aggregate');
  try {
    assertNewEnough(connection.info?.version ?? '0');
    const manager = await connection.jetstreamManager({ checkAPI: false });
    for (const node of options.nodes) {
      await manager.streams.info(streamName(node)).catch((error: unknown) => {
        if (!isMissingStream(error)) throw error;
        throw deputyError('DEPUTY_E_STREAM_MISSING', { stream: streamName(node) });
      });
    }
    const sources = options.nodes.map((node) => ({ name: streamName(node) }));
    const found = await manager.streams.info(options.name).catch((error: unknown) => {
      if (!isMissingStream(error)) throw error;
      return undefined;
    });
    if (found === undefined) return void (await manager.streams.add(configuration(options, sources)));
    const names = (list: readonly { name: string }[] = []): string =>
      list
        .map(({ name }) => name)
        .sort()
        .join(', ');
    if (names(found.config.sources) === names(sources)) return;
    if (options.update && found.config.sources !== undefined) {
      await manager.streams.update(options.name, { sources });
      return;
    }
    const differences = `its sources are ${names(found.config.sources)}; wanted ${names(sources)}`;
    throw deputyError('DEPUTY_E_STREAM_DIFFERS', { stream: options.name, differences });
  } catch (error) {
    throw isDeputyError(error) ? error : natsError(options, error);
  } finally {
    await connection.close();
  }
}

function assertNewEnough(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  const needed = `${oldest.major}.${oldest.minor}`;
  throw deputyError('DEPUTY_E_NATS_TOO_OLD', { what: 'an aggregate of streams', needed, version });
}

function configuration({ name, stream = {} }: AggregateOptions, sources: { name: string }[]) {
  const { num_replicas, max_bytes, max_age } = wantedStream('any', stream);
  return {
    name,
    sources,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas,
    max_bytes,
    max_age,
    duplicate_window: nanos(0),
    discard: DiscardPolicy.Old,
    deny_delete: true,
    deny_purge: true,
  } satisfies Partial<StreamConfig>;
}
