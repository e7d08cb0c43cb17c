import { deputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import { decodeSegmentHeader } from '../../core/journal/segment-header.js';
import {
  eventPayload,
  lostEntry,
  orderEntryBytes,
  recordAreaOffset,
  recordsPerSegment,
  segmentFormatVersion,
  segmentHeaderBytes,
} from '../../core/journal/segment-layout.js';
import { type Payload, parsePayload } from '../../core/publishing/event-payload.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { historyLimits } from './limits.js';
import { type RecordedRequest, recordOf } from './recorded-request.js';

/** A file of the journal: its name, for messages, and its bytes. */
export interface SegmentBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A word that the journal has between requests. */
export interface RecordedWord {
  readonly ticket: number;
  readonly slot: number;
  readonly epoch: number;
  readonly payload: Payload;
}

/** A journal and its events as they were found: what a replay starts from. */
export interface History {
  readonly builds: readonly string[];
  readonly epochs: readonly number[];
  /** In the order of slots. */
  readonly requests: readonly RecordedRequest[];
  /** In their order. */
  readonly words: readonly RecordedWord[];
  /** What the event store has, if it is there. */
  readonly events: readonly DeputyEvent[];
  /** Wall-clock milliseconds at monotonic time zero, by epoch. */
  readonly baseMs: ReadonlyMap<number, number>;
}

interface Segment {
  readonly segment: number;
  readonly epoch: number;
  readonly data: DataView;
}

/**
 * Reads what a state directory holds. Errors: DEPUTY_E_HISTORY_UNREADABLE, DEPUTY_E_JOURNAL_FORMAT_NEWER,
 * DEPUTY_E_LIMIT_REACHED.
 */
export function readHistory(files: readonly SegmentBytes[], events: readonly DeputyEvent[]): History {
  const builds = new Set<string>();
  const baseMs = new Map<number, number>();
  const segments = new Map<number, Segment>();
  for (const { name, bytes } of files) {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < recordAreaOffset) throw unreadable(`${name} is no whole segment`);
    const facts = decodeSegmentHeader(data);
    if ('problem' in facts) {
      if (facts.problem === 'unfinished') continue;
      if (facts.problem !== 'newer') throw unreadable(`${name} does not begin as a segment`);
      const { found } = facts;
      throw deputyError('DEPUTY_E_JOURNAL_FORMAT_NEWER', {
        path: name,
        found,
        supported: segmentFormatVersion,
      });
    }
    const { segment, epoch, build } = facts;
    segments.set(segment, { segment, epoch, data });
    builds.add(build);
    if (!baseMs.has(epoch)) baseMs.set(epoch, facts.wallClockBaseMs);
  }
  if (segments.size === 0) throw unreadable('there is no segment with anything in it');
  const { requests, words } = readRecords(segments);
  const epochs = [...new Set([...segments.values()].map(({ epoch }) => epoch))].sort((a, b) => a - b);
  return { builds: [...builds], epochs, requests, words, events, baseMs };
}

function readRecords(segments: ReadonlyMap<number, Segment>) {
  const tickets = ticketsOf(segments);
  const requests: RecordedRequest[] = [];
  const words: RecordedWord[] = [];
  for (const { segment, data } of [...segments.values()].sort((a, b) => a.segment - b.segment)) {
    const whole = Math.floor((data.byteLength - recordAreaOffset) / recordBytes);
    const places = Math.min(whole, recordsPerSegment);
    for (let place = 0; place < places; place++) {
      const at = recordAreaOffset + place * recordBytes;
      const slot = segment * recordsPerSegment + place;
      const kind = data.getUint32(at + offset.kind, true);
      if (kind === recordKind.event) {
        const ticket = tickets.get(slot);
        const length = data.getUint32(at + eventPayload.length, true);
        const slots = Math.max(1, data.getUint32(at + eventPayload.slots, true));
        const payload = parsePayload(text(data, at + eventPayload.text, length));
        if (ticket !== undefined && payload !== undefined) {
          words.push({ ticket, slot, epoch: data.getUint32(at + offset.epoch, true), payload });
        }
        place += slots - 1;
      } else if (data.getBigUint64(at + offset.notificationId, true) !== 0n) {
        requests.push(requestAt(data, at, slot, tickets.get(slot)));
        checkCount(requests.length);
      }
    }
  }
  return { requests, words: words.sort((a, b) => a.ticket - b.ticket) };
}

/** A record counts as finished only where the order has it. */
function ticketsOf(segments: ReadonlyMap<number, Segment>): ReadonlyMap<number, number> {
  const tickets = new Map<number, number>();
  for (const { segment, data } of segments.values()) {
    for (let place = 0; place < recordsPerSegment; place++) {
      const at = segmentHeaderBytes + place * orderEntryBytes;
      const entry = data.getUint32(at, true);
      if (entry === 0 || entry === lostEntry) continue;
      const slot = data.getUint32(at + 4, true) * recordsPerSegment + entry - 1;
      tickets.set(slot, segment * recordsPerSegment + place);
    }
  }
  return tickets;
}

function requestAt(data: DataView, at: number, slot: number, ticket: number | undefined): RecordedRequest {
  const record = recordOf(new Uint8Array(data.buffer, data.byteOffset + at, recordBytes), slot);
  const isFinished =
    ticket !== undefined && record.u32(offset.commit) === 1 && record.u32(offset.ticket) === ticket >>> 0;
  return {
    slot,
    epoch: record.u32(offset.epoch),
    ticket: isFinished ? ticket : undefined,
    listener: record.u32(offset.listener),
    notificationId: record.notificationId,
    record,
  };
}

function text(data: DataView, at: number, length: number): string {
  const bytes = Math.min(length, data.byteLength - at);
  return new TextDecoder().decode(new Uint8Array(data.buffer, data.byteOffset + at, Math.max(bytes, 0)));
}

function checkCount(count: number): void {
  const limit = historyLimits.requests;
  if (count > limit) throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'requests of one history', limit });
}

function unreadable(detail: string) {
  return deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail });
}
