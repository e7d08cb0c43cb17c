import { type DeputyError, deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { createReceivedMessage, receiveWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { type ContainerProcessState, parseContainerState } from './container-state.js';

/** Annotations make the message long; 32 KiB were too little for another agent's users. */
export const messageLimitBytes = 1 << 20;
/** A runtime sends at once; a slow one gets this long. */
export const messageTimeoutMs = 10_000;
const descriptorLimit = 8;
const EAGAIN = -11;
const chunkBytes = 65_536;

export type ConnectionOutcome =
  | { readonly state: ContainerProcessState; readonly listener: number }
  | { readonly error: DeputyError };

let chunk: NativeMemory | undefined;

/**
 * One connection of a runtime: collects its message, however many pieces it comes in, and the descriptors
 * with it. Ends with a state and its listener, or a coded error and everything closed.
 */
export class RuntimeConnection {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private readonly descriptors: number[] = [];
  private readonly received = createReceivedMessage();
  private readonly watch: Watch;
  private readonly timer: NodeJS.Timeout;
  private ended = false;

  constructor(
    private readonly socket: number,
    private readonly done: (outcome: ConnectionOutcome) => void,
    timeoutMs: number = messageTimeoutMs,
  ) {
    this.watch = watchReadable(socket, () => this.read());
    this.timer = setTimeout(() => {
      this.fail(deputyError('DEPUTY_E_RUNTIME_MESSAGE_TIMEOUT', { timeoutMs, bytes: this.bytes }));
    }, timeoutMs);
  }

  /** Gives the connection up. */
  abort(): void {
    this.fail(deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', { detail: 'the agent is ending' }));
  }

  private read(): void {
    chunk ??= allocate(chunkBytes);
    while (!this.ended) {
      const count = receiveWithDescriptors(this.socket, chunk.address, chunkBytes, this.received);
      if (count === EAGAIN) return;
      for (let index = 0; index < this.received.count; index++) {
        this.descriptors.push(this.received.descriptors[index] as number);
      }
      if (count <= 0) return this.atEnd();
      this.take(Buffer.from(chunk.u8.slice(0, count)));
    }
  }

  private take(part: Buffer): void {
    this.parts.push(part);
    this.bytes += part.length;
    if (this.bytes > messageLimitBytes) {
      return this.fail(deputyError('DEPUTY_E_RUNTIME_MESSAGE_TOO_LONG', { maximumBytes: messageLimitBytes }));
    }
    if (this.descriptors.length > descriptorLimit) {
      return this.fail(deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', { detail: 'too many descriptors' }));
    }
    // There is no length in front, so the message may be whole when it ends in a brace.
    if (this.descriptors.length > 0 && lastByte(part) === 0x7d) this.tryParse(false);
  }

  private atEnd(): void {
    if (this.bytes === 0) {
      return this.fail(
        deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', {
          detail: 'the connection closed without a message',
        }),
      );
    }
    this.tryParse(true);
  }

  private tryParse(complete: boolean): void {
    try {
      const state = parseContainerState(Buffer.concat(this.parts).toString('utf8'));
      const listener = this.descriptors[state.listenerIndex];
      if (listener === undefined) throw deputyError('DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER');
      this.descriptors.splice(state.listenerIndex, 1);
      this.end({ state, listener });
    } catch (error) {
      const known = isDeputyError(error) ? error : deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', {}, error);
      if (complete) this.fail(known);
    }
  }

  private fail(error: DeputyError): void {
    this.end({ error });
  }

  private end(outcome: ConnectionOutcome): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.watch.stop();
    for (const descriptor of this.descriptors) systemCall('close', descriptor);
    systemCall('close', this.socket);
    this.done(outcome);
  }
}

function lastByte(part: Buffer): number {
  let at = part.length - 1;
  while (at > 0 && (part[at] === 0x0a || part[at] === 0x20 || part[at] === 0x0d)) at--;
  return part[at] ?? 0;
}
