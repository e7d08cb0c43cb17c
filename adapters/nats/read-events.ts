import type { JsMsg } from 'nats';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import type { DeputyEvent } from '../../core/events/event.js';
import type { EventFilter } from '../../core/events/subject.js';
import { upcastStoredEvent } from '../../core/events/validate-event.js';
import { connectNats, natsError } from './connect.js';
import { isMissingStream } from './ensure-stream.js';
import { readMessages } from './read-messages.js';
import { scopedFilter } from './scoped-filter.js';
import type { NatsSettings } from './settings.js';

export interface ReadEventsOptions extends NatsSettings {
  readonly stream: string;
  readonly filter?: EventFilter;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/** A stream's events with their sequences, to its end or on and on. */
export async function* readEvents(
  options: ReadEventsOptions,
): AsyncGenerator<{ readonly event: DeputyEvent; readonly sequence: number }> {
  const { stream, filter = {}, follow = false, signal } = options;
  const connection = await connectNats(options, 'deputy events');
  try {
    // Said at once, and not after the first wait.
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const { config } = await manager.streams.info(stream);
    const what = { stream, from: 1, filter: scopedFilter(config, filter), follow };
    for await (const message of readMessages(connection, signal ? { ...what, signal } : what)) {
      yield { event: upcastStoredEvent(eventOf(message)), sequence: message.seq };
    }
  } catch (error) {
    if (isMissingStream(error)) throw deputyError('DEPUTY_E_STREAM_MISSING', { stream }, error);
    throw isDeputyError(error) ? error : natsError(options, error);
  } finally {
    await connection.close();
  }
}

function eventOf(message: JsMsg): DeputyEvent {
  try {
    return message.json<DeputyEvent>();
  } catch (error) {
    const id = `at sequence ${message.seq}, subject ${escapeText(message.subject, 300)}`;
    throw deputyError('DEPUTY_E_EVENT_INVALID', { id, problems: 'event: it is no JSON' }, error);
  }
}
