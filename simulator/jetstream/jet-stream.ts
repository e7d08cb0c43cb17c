import { deputyError } from '../../core/errors/deputy-error.js';
import type { PublishReply, StreamEnds } from '../../core/ports/stream.js';
import { readHeaders } from './read-headers.js';

/** How a stream is set; what deputy never sets is not modelled. */
export interface StreamLimits {
  readonly maximumMessages?: number;
  readonly maximumBytes?: number;
  /** Headers and payload of one message. */
  readonly maximumMessageBytes?: number;
  readonly maximumAgeUs?: number;
  readonly discard?: 'old' | 'new';
  readonly duplicateWindowUs?: number;
  readonly deniesPurge?: boolean;
  readonly deniesDelete?: boolean;
  /** Servers from 2.12 on look at the expected sequence first, earlier ones at the message's id. */
  readonly looksAtSequenceFirst?: boolean;
}

/** A message as it is stored. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
  readonly bytes: number;
  readonly atUs: number;
}

/** A message on its way; `headers` in NATS's own form, '' for none. */
export interface SentMessage {
  readonly subject: string;
  readonly headers: string;
  readonly payload: Uint8Array;
}

/** Codes of the server's. */
const refusal = {
  wrongLastSequence: 10071,
  wrongLastMessageId: 10070,
  messageTooLarge: 10054,
  storeFailed: 10077,
  purgeDenied: 10110,
  deleteDenied: 10057,
  nothingToDelete: 10043,
} as const;

/** What the file store keeps around a message: its header and checksum, and the length of headers. */
const aroundMessageBytes = 22 + 8;
const aroundHeadersBytes = 4;
const defaultWindowUs = 120_000_000;

/** What an operator's request comes to: a code of the server's, or nothing. */
export type OperatorReply = { readonly code: number } | undefined;

/**
 * One stream of a JetStream server, as its files have it: what is taken, what is refused and how, and what is
 * left after a loss. It knows nothing of connections, time or chance; `nowUs` is the server's clock.
 */
export class JetStream {
  /** Without what was deleted, in their order. */
  private messages: StoredMessage[] = [];
  private lastSequence = 0;
  private firstSequence = 0;
  private bytes = 0;
  /** The id of the message that was stored last, as far as it is remembered. */
  private lastId = '';
  /** By message id: where it is, and when it came. */
  private readonly seen = new Map<string, { readonly sequence: number; readonly atUs: number }>();

  constructor(
    private limits: StreamLimits,
    readonly created: string,
  ) {}

  get ends(): StreamEnds {
    const { created, firstSequence, lastSequence } = this;
    return { created, firstSequence, lastSequence };
  }

  get count(): number {
    return this.messages.length;
  }

  /** Bytes of all messages, as the server counts them. */
  get size(): number {
    return this.bytes;
  }

  /** An operator sets other limits. */
  set(limits: StreamLimits): void {
    this.limits = { ...this.limits, ...limits };
  }

  /** Takes a message, or says why not. */
  publish({ subject, headers: text, payload }: SentMessage, nowUs: number): PublishReply {
    this.expire(nowUs);
    const headers = readHeaders(text);
    for (const name of ['nats-expected-last-subject-sequence', 'nats-rollup']) {
      if (headers.has(name)) throw deputyError('DEPUTY_E_MODEL_GAP', { what: `the header ${name}` });
    }
    const checks = [() => this.duplicateOf(headers, nowUs), () => this.wrongSequence(headers)];
    if (this.limits.looksAtSequenceFirst) checks.reverse();
    for (const check of [...checks, () => this.wrongMessage(headers)]) {
      const reply = check();
      if (reply !== undefined) return reply;
    }
    const { maximumMessageBytes = Number.POSITIVE_INFINITY } = this.limits;
    if (text.length + payload.length > maximumMessageBytes) {
      return refused(refusal.messageTooLarge, 'message size exceeds maximum allowed');
    }
    const around = aroundMessageBytes + (text === '' ? 0 : aroundHeadersBytes);
    const bytes = around + subject.length + text.length + payload.length;
    const isFull = this.limits.discard === 'new' ? this.fullText(text.length + payload.length) : undefined;
    if (isFull !== undefined) return refused(refusal.storeFailed, isFull);
    const sequence = ++this.lastSequence;
    this.messages.push({ sequence, subject, headers, payload: payload.slice(), bytes, atUs: nowUs });
    this.bytes += bytes;
    if (this.firstSequence === 0 || this.messages.length === 1) this.firstSequence = sequence;
    const id = headers.get('nats-msg-id');
    this.lastId = id ?? '';
    if (id !== undefined) this.seen.set(id, { sequence, atUs: nowUs });
    this.dropEldest();
    return { kind: 'stored', sequence, wasDuplicate: false };
  }

  at(sequence: number): StoredMessage | undefined {
    return this.messages.find((message) => message.sequence === sequence);
  }

  from(sequence: number): StoredMessage[] {
    return this.messages.filter((message) => message.sequence >= sequence);
  }

  /** The last message of each subject, in their order. */
  lastOfEach(): StoredMessage[] {
    const last = new Map(this.messages.map((message) => [message.subject, message]));
    return [...last.values()].sort((one, other) => one.sequence - other.sequence);
  }

  /** Time has passed: what is too old goes; numbers go on. */
  expire(nowUs: number): void {
    const { maximumAgeUs = Number.POSITIVE_INFINITY } = this.limits;
    while (this.messages[0] !== undefined && nowUs - this.messages[0].atUs >= maximumAgeUs) {
      this.remove(this.messages[0]);
    }
  }

  /** All that is there goes; numbers go on. */
  purge(): OperatorReply {
    if (this.limits.deniesPurge) return { code: refusal.purgeDenied };
    this.messages = [];
    this.bytes = 0;
    this.firstSequence = this.lastSequence + 1;
    return undefined;
  }

  delete(sequence: number): OperatorReply {
    if (this.limits.deniesDelete) return { code: refusal.deleteDenied };
    const message = this.at(sequence);
    if (message === undefined) return { code: refusal.nothingToDelete };
    this.remove(message);
    return undefined;
  }

  /** What is behind a sequence is lost, as with power: it was acknowledged, and not yet on the disk. */
  loseBehind(sequence: number, nowUs: number): StoredMessage[] {
    const lost = this.from(sequence + 1);
    this.messages = this.messages.filter((message) => message.sequence <= sequence);
    for (const { bytes } of lost) this.bytes -= bytes;
    this.lastSequence = Math.min(this.lastSequence, sequence);
    this.firstSequence = Math.min(this.firstSequence, this.messages.length > 0 ? this.firstSequence : 0);
    // What it remembers of ids it reads from the messages that are left.
    for (const [id, { sequence: at }] of this.seen) if (at > sequence) this.seen.delete(id);
    this.restart(nowUs);
    return lost;
  }

  /** The server was ended and is there again: of ids it reads those inside the window. */
  restart(nowUs: number): void {
    const { duplicateWindowUs = defaultWindowUs } = this.limits;
    for (const [id, { atUs }] of this.seen) if (nowUs - atUs >= duplicateWindowUs) this.seen.delete(id);
    const last = this.at(this.lastSequence)?.headers.get('nats-msg-id') ?? '';
    this.lastId = this.seen.has(last) ? last : '';
  }

  private duplicateOf(headers: ReadonlyMap<string, string>, nowUs: number): PublishReply | undefined {
    const known = this.seen.get(headers.get('nats-msg-id') ?? '');
    const { duplicateWindowUs = defaultWindowUs } = this.limits;
    if (known === undefined || nowUs - known.atUs >= duplicateWindowUs) return undefined;
    return { kind: 'stored', sequence: known.sequence, wasDuplicate: true };
  }

  private wrongSequence(headers: ReadonlyMap<string, string>): PublishReply | undefined {
    const expected = headers.get('nats-expected-last-sequence');
    if (expected === undefined || Number(expected) === this.lastSequence) return undefined;
    return refused(refusal.wrongLastSequence, `wrong last sequence: ${this.lastSequence}`);
  }

  private wrongMessage(headers: ReadonlyMap<string, string>): PublishReply | undefined {
    const expected = headers.get('nats-expected-last-msg-id');
    if (expected === undefined || expected === this.lastId) return undefined;
    return refused(refusal.wrongLastMessageId, `wrong last msg ID: ${this.lastId}`);
  }

  /** The server counts what is stored with all around it, and what comes without. */
  private fullText(bytes: number): string | undefined {
    const { maximumMessages = -1, maximumBytes = -1 } = this.limits;
    if (maximumMessages > 0 && this.messages.length >= maximumMessages) return 'maximum messages exceeded';
    return maximumBytes > 0 && this.bytes + bytes >= maximumBytes ? 'maximum bytes exceeded' : undefined;
  }

  private dropEldest(): void {
    const { maximumMessages = -1, maximumBytes = -1 } = this.limits;
    const isOver = (): boolean =>
      (maximumMessages > 0 && this.messages.length > maximumMessages) ||
      (maximumBytes > 0 && this.bytes > maximumBytes);
    while (isOver()) this.remove(this.messages[0] as StoredMessage);
  }

  private remove(message: StoredMessage): void {
    this.messages = this.messages.filter((one) => one !== message);
    this.bytes -= message.bytes;
    this.firstSequence = this.messages[0]?.sequence ?? this.lastSequence + 1;
  }
}

function refused(code: number, text: string): PublishReply {
  return { kind: 'refused', code, text };
}
