import { refusalCodeById } from '../../core/errors/refusals.js';
import { eventPayload, maximumPayloadBytes, payloadSlots } from '../../core/journal/segment-layout.js';
import { isFinalRequestState, requestState, requestStates } from '../../core/machines/request-life.js';
import { fileTypeNames } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import {
  answerWayNames,
  offset,
  openModeNames,
  recordBytes,
  recoveryNames,
} from '../../core/request/record-layout.js';

/** Keys of listeners begin here; smaller ones are a loop's own. */
const firstListener = 16;

/** What is wrong with a record that is in the order, apart from its place there; undefined if nothing is. */
export function requestFault(record: RequestRecord, epoch: number): string | undefined {
  const state = record.u16(offset.state);
  const received = record.f64(offset.receivedAtUs);
  const answered = record.f64(offset.answeredAtUs);
  if (record.u32(offset.epoch) !== epoch) return `epoch ${record.u32(offset.epoch)} in one of ${epoch}`;
  if (!isFinalRequestState(state) || state >= requestStates.length) return `state ${state} is no end`;
  if (!(received > 0 && answered >= received && answered < Number.MAX_SAFE_INTEGER)) {
    return 'its times are not in order';
  }
  if (record.u16(offset.traceCount) === 0) return 'it has no steps';
  const reason = record.u16(offset.reason);
  if (reason !== 0 && refusalCodeById(reason) === undefined) return `there is no refusal ${reason}`;
  if (state === requestState.refused && reason === 0) return 'it is refused without a reason';
  return rangeFault(record);
}

/** Fields of which only some values have a meaning, in any request. */
function rangeFault(record: RequestRecord): string | undefined {
  if (record.u32(offset.listener) < firstListener) return 'its listener is none';
  if (record.u8(offset.way) >= answerWayNames.length) return 'there is no such way to answer';
  if (record.u8(offset.recovery) >= recoveryNames.length) return 'there is no such recovery';
  if (record.u8(offset.openMode) >= openModeNames.length) return 'there is no such way to open';
  const type = record.u8(offset.fileType);
  if (type !== 0 && fileTypeNames[type] === undefined) return `there is no file type ${type}`;
  const mountId = record.f64(offset.mountId);
  if (!(mountId >= 0 && mountId < 2 ** 64)) return 'its mount id is none';
  return undefined;
}

/** As requestFault(), for a request that was not finished. */
export function openRequestFault(record: RequestRecord, epoch: number): string | undefined {
  if (record.u32(offset.epoch) !== epoch) return `epoch ${record.u32(offset.epoch)} in one of ${epoch}`;
  if (record.u16(offset.state) >= requestStates.length) return 'there is no such state';
  return rangeFault(record);
}

/**
 * What is wrong with a slot that nothing was received into. A thread that waits for a request has put the
 * listener and its epoch there already.
 */
export function freeFault(record: RequestRecord, epoch: number): string | undefined {
  const found = record.u32(offset.epoch);
  if (found !== 0 && found !== epoch) return `epoch ${found} in one of ${epoch}`;
  const { u32 } = record.views;
  const first = record.base >> 2;
  for (let word = 0; word < recordBytes >> 2; word++) {
    if (u32[first + word] === 0 || word === offset.listener >> 2 || word === offset.epoch >> 2) continue;
    return `a free slot is not empty (byte ${word * 4})`;
  }
  return undefined;
}

/** Slots of an event record that a reader may believe in; 0: its payload was not begun. */
export function eventSlotsOf(record: RequestRecord): number | undefined {
  const slots = record.u32(eventPayload.slots);
  if (slots === 0) return 0;
  const length = record.u32(eventPayload.length);
  return length <= maximumPayloadBytes && payloadSlots(length) === slots ? slots : undefined;
}

/** What is wrong with an event record whose `run` of slots is given. */
export function eventFault(record: RequestRecord, run: Buffer, epoch: number): string | undefined {
  if (record.u32(offset.epoch) !== epoch) return `epoch ${record.u32(offset.epoch)} in one of ${epoch}`;
  if (record.u32(offset.listener) !== 0) return 'an event has no listener';
  for (let field = 4; field < eventPayload.length; field += 4) {
    const isKnown = field === offset.listener || field === offset.epoch;
    if (!isKnown && record.u32(field) !== 0) return `an event has nothing there (byte ${field})`;
  }
  const end = eventPayload.text + record.u32(eventPayload.length);
  const isSingle = run.length === recordBytes;
  for (let at = end; at < run.length; at++) {
    const isCommit = isSingle && at >= offset.ticket && (at < offset.ticket + 4 || at >= offset.commit);
    if (!isCommit && run[at] !== 0) return `something follows the event's text (byte ${at})`;
  }
  return textFault(run.toString('utf8', eventPayload.text, end));
}

function textFault(text: string): string | undefined {
  try {
    const payload = JSON.parse(text) as {
      kind?: unknown;
      draft?: unknown;
      identity?: unknown;
      key?: unknown;
      timeMs?: unknown;
    } | null;
    if (payload?.kind === 'gone' && typeof payload.key === 'number') return undefined;
    if (payload?.kind === 'tick' && typeof payload.timeMs === 'number') return undefined;
    const body = payload?.kind === 'draft' ? payload.draft : payload?.identity;
    const isKnown = payload?.kind === 'draft' || payload?.kind === 'listener';
    return isKnown && typeof body === 'object' && body !== null ? undefined : 'there is no such event';
  } catch {
    return "an event's text is not JSON";
  }
}
