import { deputyError } from '../../core/errors/deputy-error.js';
import { chainStart, sealLine } from './chain.js';
import { traceLimits } from './limits.js';
import type { TraceEnd, TraceEntry, TraceHeader } from './schema.js';
import { traceFormat, traceVersion } from './schema.js';

/** What a run says of itself at its start. */
export type HeaderDraft = Omit<TraceHeader, 'kind' | 'format' | 'version' | 'hash'>;
/** An entry as the run knows it; the writer numbers it. */
export type EntryDraft = Omit<TraceEntry, 'kind' | 'sequence' | 'hash' | 'cause' | 'request'> &
  Partial<Pick<TraceEntry, 'cause' | 'request'>>;
/** How the run ended. */
export type EndDraft = Omit<TraceEnd, 'kind' | 'hash'>;

/**
 * Turns what happens into the lines of a trace, without newlines, and gives each to a sink. It does no I/O.
 * What it is given is not checked against the schemas (the reader does), but for the limits:
 * DEPUTY_E_TRACE_TOO_LARGE.
 */
export class TraceWriter {
  readonly #sink: (line: string) => void;
  #hash = chainStart;
  #entries = 0;

  constructor(header: HeaderDraft, sink: (line: string) => void) {
    this.#sink = sink;
    this.#write({ ...header, kind: 'header', format: traceFormat, version: traceVersion });
  }

  /** The hash of the last line: the same for two runs that did the same so far. */
  get hash(): string {
    return this.#hash;
  }

  /** How many entries there are so far; also the sequence of the next. */
  get entries(): number {
    return this.#entries;
  }

  /** Writes an entry; returns its sequence, for others to name as their cause. */
  entry(draft: EntryDraft): number {
    const sequence = this.#entries;
    if (sequence >= traceLimits.entries) {
      throw deputyError('DEPUTY_E_TRACE_TOO_LARGE', { detail: `more than ${traceLimits.entries} entries` });
    }
    this.#write({
      kind: 'entry',
      sequence,
      timeUs: draft.timeUs,
      actor: draft.actor,
      type: draft.type,
      name: draft.name,
      detail: draft.detail,
      cause: draft.cause ?? null,
      request: draft.request ?? null,
    });
    this.#entries = sequence + 1;
    return sequence;
  }

  /** Writes the last line; returns its hash, which stands for the whole trace. */
  end(draft: EndDraft): string {
    this.#write({ ...draft, kind: 'end' });
    return this.#hash;
  }

  #write(content: object): void {
    const { line, hash } = sealLine(this.#hash, content);
    if (line.length > traceLimits.lineLength) {
      const detail = `a line is longer than ${traceLimits.lineLength} characters`;
      throw deputyError('DEPUTY_E_TRACE_TOO_LARGE', { detail });
    }
    this.#hash = hash;
    this.#sink(line);
  }
}
