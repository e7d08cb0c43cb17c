import type { JetStreamManager, MsgHdrs, NatsConnection, StoredMsg, StreamInfo } from 'nats';
import { headerName, headerText } from '../../core/events/cloud-event.js';
import type { StoreCursor } from '../../core/publishing/checkpoint.js';
import type { PipelineStart } from './pipeline.js';
import { allVersions, assertOwn, type Writer } from './stored-versions.js';

/** "no message found", as the server says it. */
const noMessage = 10037;

export interface StartParts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly writer: Writer;
  /** The stream's end may be somebody else's. */
  readonly adopt: boolean;
}

/**
 * Where publishing begins in a stream, given where it was left. Undefined: the stream has gone backwards
 * since then; with `isLast` publishing begins at its end all the same, and passes over what the stream has.
 * Throws DEPUTY_E_STREAM_FENCED.
 */
export async function pipelineStart(
  parts: StartParts,
  info: StreamInfo,
  cursor: StoreCursor | undefined,
  isLast: boolean,
): Promise<PipelineStart | undefined> {
  const { name } = info.config;
  const created = `${info.created}`;
  const isOfStream = cursor !== undefined && cursor.stream === name;
  if (isOfStream && (await bearsOut(parts, info, cursor))) {
    return { created, sequence: cursor.sequence, id: cursor.id, stored: new Map() };
  }
  if (isOfStream && !isLast) return undefined;
  const sequence = info.state.last_seq;
  const end = await messageAt(parts.manager, name, sequence);
  if (end !== undefined && !parts.adopt) assertOwn(name, sequence, end.header, parts.writer);
  return { created, sequence, id: idOf(end?.header), stored: await allVersions(parts.connection, name) };
}

/** Has the stream all that it had? Its age may have taken the message at the cursor, and a purge may. */
async function bearsOut({ manager }: StartParts, info: StreamInfo, cursor: StoreCursor): Promise<boolean> {
  const { sequence, created, id, stream } = cursor;
  if (`${info.created}` !== created || info.state.last_seq < sequence) return false;
  const message = await messageAt(manager, stream, sequence);
  return message === undefined || id === undefined || idOf(message.header) === id;
}

async function messageAt(
  manager: JetStreamManager,
  stream: string,
  sequence: number,
): Promise<StoredMsg | undefined> {
  if (sequence === 0) return undefined;
  try {
    return await manager.streams.getMessage(stream, { seq: sequence });
  } catch (error) {
    if (isNoMessage(error)) return undefined;
    throw error;
  }
}

/** Was it said that there is no such message? */
export function isNoMessage(error: unknown): boolean {
  return (error as { api_error?: { err_code?: number } }).api_error?.err_code === noMessage;
}

function idOf(headers: MsgHdrs | undefined): string | undefined {
  const value = headers?.get(headerName.messageId);
  return value === undefined || value === '' ? undefined : headerText(value);
}
