import type { JetStreamManager, StreamInfo } from 'nats';
import { deputyError } from '../../core/errors/deputy-error.js';
import { isApiError } from './api-error.js';
import type { StreamSettings } from './settings.js';
import { streamDifferences, wantedStream } from './stream-config.js';

/** "stream not found", as the server says it. */
const notFound = 10059;

/** Was it said that there is no such stream? */
export function isMissingStream(error: unknown): boolean {
  return isApiError(error, notFound);
}

/**
 * The node's stream, made if it isn't there. One that differs is never changed: DEPUTY_E_STREAM_DIFFERS says
 * in what.
 */
export async function ensureStream(
  manager: JetStreamManager,
  node: string,
  settings: StreamSettings,
): Promise<StreamInfo> {
  const wanted = wantedStream(node, settings);
  const { name } = wanted;
  let info: StreamInfo;
  try {
    info = await manager.streams.info(name);
  } catch (error) {
    if (!isMissingStream(error)) throw error;
    // The client writes into what it is given.
    info = await manager.streams.add({ ...wanted });
  }
  const differences = streamDifferences(wanted, info.config);
  if (differences.length > 0) {
    throw deputyError('DEPUTY_E_STREAM_DIFFERS', { stream: name, differences: differences.join('; ') });
  }
  return info;
}
