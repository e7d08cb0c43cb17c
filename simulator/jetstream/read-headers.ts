import { headerName, headerText } from '../../core/events/cloud-event.js';
import type { StreamMessage } from '../../core/ports/stream.js';

/** Headers in NATS's own form, by their names in lower case. */
export function readHeaders(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n').slice(1)) {
    const at = line.indexOf(':');
    if (at > 0) headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
  }
  return headers;
}

/** What a stored message says of itself. */
export function messageOf(sequence: number, headers: ReadonlyMap<string, string>): StreamMessage {
  return {
    sequence,
    id: headerText(headers.get(headerName.messageId.toLowerCase()) ?? ''),
    writer: headers.get(headerName.writer) ?? '',
    epoch: Number(headers.get(headerName.epoch) ?? 0),
  };
}
