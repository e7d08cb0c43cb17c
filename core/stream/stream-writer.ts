import { type DeputyError, deputyError, isDeputyError } from '../errors/deputy-error.js';
import type { StreamPort } from '../ports/stream.js';
import type { Timers } from '../ports/timers.js';
import type { Checkpoint, StoreCursor } from '../publishing/checkpoint.js';
import type { EventBatch } from '../publishing/event-batch.js';
import type { PublishedStore, StoreState } from '../publishing/published-store.js';
import { Envelopes } from './envelopes.js';
import { Pipeline } from './pipeline.js';
import { pipelineStart } from './pipeline-start.js';
import type { Writer } from './stored-versions.js';

/** Batches of the publisher's that may be on their way: enough for a window, and little to send again. */
const batchesInFlight = 8;

export interface StreamWriterOptions {
  readonly port: StreamPort;
  readonly timers: Timers;
  readonly node: string;
  readonly writer: Writer;
  /** Goes on in a stream of a state directory that is lost. */
  readonly adopt: boolean;
  /** Said when the store's state changes, and with each new reason. */
  readonly onState: (state: StoreState, error?: DeputyError) => void;
}

/** The writing half of a published store in a stream: where it begins, and what goes on its way. */
export class StreamWriter
  implements Pick<PublishedStore, 'batchesInFlight' | 'state' | 'cursor' | 'goOnFrom' | 'appendBatch'>
{
  readonly batchesInFlight = batchesInFlight;
  private readonly pipeline: Pipeline;
  private readonly envelopes: Envelopes;
  private begun: Promise<boolean> | undefined;
  private closed: DeputyError | undefined;
  /** Until something of ours is stored: who writes after that is fenced. */
  private readonly adopts: boolean;

  constructor(private readonly options: StreamWriterOptions) {
    this.pipeline = new Pipeline(options);
    this.adopts = options.adopt;
    this.envelopes = new Envelopes(options.node, options.writer);
  }

  get state(): StoreState {
    return this.pipeline.state;
  }

  get cursor(): StoreCursor {
    return this.pipeline.cursor;
  }

  goOnFrom(checkpoint: Checkpoint | undefined, isLast: boolean): Promise<boolean> {
    const { port, writer } = this.options;
    const adopt = this.adopts && !this.pipeline.hasStored;
    const cursor = checkpoint?.cursor;
    this.begun = (async () => {
      const ends = await port.prepare();
      const start = await pipelineStart({ port, writer, adopt }, ends, cursor, isLast);
      this.sayLoss(cursor, start?.sequence ?? ends.lastSequence);
      if (start === undefined) return false;
      await this.pipeline.start(start);
      return true;
    })().catch((error: unknown) => {
      this.begun = undefined;
      // What stands in the stream forbids to begin: a state as when it is found later.
      if (isDeputyError(error)) this.pipeline.refuse(error);
      throw error;
    });
    return this.begun;
  }

  async appendBatch(batch: EventBatch): Promise<{ readonly appended: number; readonly duplicates: number }> {
    this.assertOpen();
    await (this.begun ?? this.goOnFrom(undefined, true));
    this.assertOpen();
    const result = await new Promise<{ appended: number; duplicates: number }>((resolve, reject) => {
      this.pipeline.push(this.envelopes.of(batch, resolve, reject));
    });
    return result;
  }

  close(error: DeputyError): void {
    if (this.closed !== undefined) return;
    this.closed = error;
    this.pipeline.close(error);
  }

  /** The stream is not as it was left: what became of it is for somebody to look at. */
  private sayLoss(cursor: StoreCursor | undefined, sequence: number): void {
    const { stream } = this.options.port;
    if (cursor === undefined || cursor.stream !== stream || cursor.sequence === sequence) return;
    const detail = `it ends at ${sequence}, and had ${cursor.sequence}; the journal is published again`;
    this.options.onState('behind', deputyError('DEPUTY_E_STREAM_WENT_BACKWARDS', { stream, detail }));
  }

  private assertOpen(): void {
    if (this.closed !== undefined) throw this.closed;
  }
}
