/** What a message says of itself besides its payload. */
export interface StreamMessage {
  readonly sequence: number;
  /** The event's id, as text. */
  readonly id: string;
  /** Who wrote it; '' where that is not said. */
  readonly writer: string;
  readonly epoch: number;
}

/** Where a stream begins and ends, and when it was made. */
export interface StreamEnds {
  readonly created: string;
  readonly firstSequence: number;
  /** 0: it never had a message. */
  readonly lastSequence: number;
}

/** What a server said to a publish: the sequence that the message has, or why it has none. */
export type PublishReply =
  | { readonly kind: 'stored'; readonly sequence: number; readonly wasDuplicate: boolean }
  | { readonly kind: 'refused'; readonly code: number; readonly text: string }
  /** No server has the stream now: it is starting, or has no leader. */
  | { readonly kind: 'nobody' };

/** What comes from a stream by itself. */
export interface StreamListener {
  /** The answer to a publish of this run. */
  replied(run: number, reply: PublishReply): void;
  /** What is on its way on this connection is never answered. */
  disconnected(): void;
  reconnected(): void;
}

/**
 * A connection to the server that has a stream, as the stream's one writer needs it: NATS JetStream, or the
 * simulator's model of it. Questions fail by an error that may be coded.
 */
export interface StreamPort {
  /** The stream's name, and where it is: for messages. */
  readonly stream: string;
  readonly servers: string;
  /** Several servers have it; known once it was asked for its ends. */
  readonly isReplicated: boolean;
  /** Whom to tell; once, and before anything is published. */
  listen(listener: StreamListener): void;
  /**
   * Sends a message, and waits for nothing. Its answer is told with the number of its run, which many have
   * in common: a server finds whom to answer faster where it has answered before. `headers` in NATS's own
   * form, to the empty line at their end, in ASCII. Throws when it can't be sent at all.
   */
  publish(run: number, subject: string, headers: string, payload: Uint8Array): void;
  /** Makes the stream where there is none, and checks it where there is one. */
  prepare(): Promise<StreamEnds>;
  ends(): Promise<StreamEnds>;
  /** Undefined: there is none of this sequence, any more or yet. */
  messageAt(sequence: number): Promise<StreamMessage | undefined>;
  /** From a sequence to the end as it is when it is reached. */
  messagesFrom(sequence: number): AsyncIterable<StreamMessage>;
  /** The last message of each subject. */
  lastMessages(): AsyncIterable<StreamMessage>;
  /** Tells nobody anything any more. */
  close(): void;
}
