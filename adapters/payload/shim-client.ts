import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PayloadEnd } from '../../core/ports/payload.js';
import { encodeFrame, type Frame, FrameReader, longs, word } from './frames.js';

/** What a shim tells of its payload. */
export interface ShimHandlers {
  /** The joiner's word on a step. */
  readonly report?: (text: string) => void;
  readonly joined: (processId: number, startTime: string) => void;
  readonly executed: () => void;
  readonly failed: (step: string, errno: number) => void;
  readonly ended: (end: PayloadEnd) => void;
  /** Somebody else reads this payload's output. */
  readonly busy: () => void;
  /** The shim is gone, or the connection is. */
  readonly lost: () => void;
}

/** Where output goes. `write` calls `done` when it is there for good: only then does the shim forget it. */
export interface OutputSink {
  write(stream: 'stdout' | 'stderr', bytes: Buffer, done: () => void): void;
  /** So many bytes were dropped in all, as nobody read them in time: told with the payload's end. */
  dropped?(bytes: number): void;
}

/** The connection to one payload's shim (native/shim.c has the protocol). */
export class ShimClient {
  private readonly reader = new FrameReader();
  private readonly acknowledged = [0, 0];
  /** How much of that was dropped before it was sent. */
  private readonly gaps = [0, 0];
  private readonly seen: { end: number | undefined; gaps: number }[] = [
    { end: undefined, gaps: 0 },
    { end: undefined, gaps: 0 },
  ];
  private credit = 0;
  private readonly waitingForCredit: (() => void)[] = [];
  private isAcknowledging = false;
  sink: OutputSink | undefined;
  private readonly early: Frame[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly handlers: ShimHandlers,
  ) {
    socket.on('data', (bytes) => {
      for (const frame of this.reader.push(bytes)) this.handle(frame);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => handlers.lost());
  }

  /** Connects, and asks to be the one who reads the output and decides. */
  static async open(path: string, handlers: ShimHandlers): Promise<ShimClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new ShimClient(socket, handlers);
    client.send('T', longs(0, 0));
    return client;
  }

  /** From now on output goes there; what came before does, too. */
  drainTo(sink: OutputSink): void {
    this.sink = sink;
    for (const frame of this.early.splice(0)) this.handle(frame);
  }

  go(): void {
    this.send('G');
  }

  signal(number: number): void {
    this.send('S', word(number));
  }

  resize(rows: number, columns: number): void {
    this.send('W', word((rows & 0xffff) | ((columns & 0xffff) << 16)));
  }

  /** Writes to the payload's stdin: resolves when the shim has room for more. */
  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.credit === 0) await new Promise<void>((resolve) => this.waitingForCredit.push(resolve));
      const count = Math.min(bytes.length - at, this.credit, 65536);
      this.credit -= count;
      this.send('I', bytes.subarray(at, at + count));
      at += count;
    }
  }

  endInput(): void {
    this.send('Z');
  }

  /**
   * All was taken, and the end is told, or (`byExit`) is told by the exit of this process: the shim may end.
   * Resolves when it has been asked to.
   */
  async collect(byExit: boolean): Promise<void> {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    await this.drained();
    this.send(byExit ? 'H' : 'D');
    // A shim that is stopped takes nothing.
    await Promise.race([
      new Promise<void>((done) => this.socket.end(done)),
      sleep(leaveWaitMs, undefined, { ref: false }),
    ]);
    // What was sent is on its way, whatever becomes of us, and nobody here waits for a shim that is stopped.
    this.socket.unref();
  }

  /**
   * Takes no more, waits for what it has taken to be where it goes, and says so: whoever attaches next gets
   * what follows, nothing twice. A sink that stalls is not waited for longer than `leaveWaitMs`.
   */
  async leave(): Promise<void> {
    this.isLeaving = true;
    this.socket.pause();
    await this.drained();
    this.acknowledge();
    await Promise.race([new Promise<void>((done) => this.socket.end(done)), sleep(leaveWaitMs)]);
    this.socket.destroy();
  }

  close(): void {
    this.socket.destroy();
  }

  /** What was taken is where it goes, or that stalls. */
  private async drained(): Promise<void> {
    for (let waitedMs = 0; this.pending > 0 && waitedMs < leaveWaitMs; waitedMs += leavePollMs) {
      await sleep(leavePollMs);
    }
  }

  private send(kind: string, body?: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(encodeFrame(kind, body));
  }

  private handle(frame: Frame): void {
    const { kind, body } = frame;
    if (kind === 'O' || kind === 'E') return this.output(frame);
    const text = body.toString('latin1');
    switch (kind) {
      case 'R':
        return this.handlers.report?.(text.replace(/^done /, ''));
      case 'J':
        return this.handlers.joined(Number(text.split(' ')[0]), text.split(' ')[1] ?? '');
      case 'X':
        return this.handlers.executed();
      case 'F':
        return this.handlers.failed(text.split(' ')[0] ?? '', Number(text.split(' ')[1]));
      case 'Q':
        if (this.dropped > 0) this.sink?.dropped?.(this.dropped);
        return this.handlers.ended(parseEnd(text));
      case 'B':
        return this.handlers.busy();
      case 'L':
        this.dropped = Number(body.readBigUInt64LE(0) + body.readBigUInt64LE(8));
        return;
      case 'C':
        this.credit += body.readUInt32LE(0);
        for (const wake of this.waitingForCredit.splice(0)) wake();
    }
  }

  /** Taken in order; the socket rests while a sink is full, and so do, in the end, shim and payload. */
  private output(frame: Frame): void {
    // The shim keeps no more of what is not acknowledged than its buffers hold, so this is bounded too.
    if (this.sink === undefined) return void this.early.push(frame);
    if (this.isLeaving) return;
    const which = frame.kind === 'E' ? 1 : 0;
    const start = Number(frame.body.readBigUInt64LE(0));
    const end = start + frame.body.length - 8;
    const gaps = this.gapsBefore(which, start, end);
    this.pending += 1;
    if (this.pending > pendingMax) this.socket.pause();
    this.sink.write(which === 1 ? 'stderr' : 'stdout', frame.body.subarray(8), () => {
      this.pending -= 1;
      if (this.pending <= pendingMax && !this.isLeaving) this.socket.resume();
      this.acknowledged[which] = end;
      this.gaps[which] = gaps;
      this.acknowledgeSoon();
    });
  }

  private gapsBefore(which: 0 | 1, start: number, end: number): number {
    const seen = this.seen[which] as (typeof this.seen)[number];
    seen.gaps += start - (seen.end ?? start);
    seen.end = end;
    return seen.gaps;
  }

  private pending = 0;
  private dropped = 0;
  private isLeaving = false;

  private acknowledgeSoon(): void {
    if (this.isAcknowledging) return;
    this.isAcknowledging = true;
    setImmediate(() => {
      this.isAcknowledging = false;
      this.acknowledge();
    });
  }

  private acknowledge(): void {
    this.send('N', longs(this.gaps[0] ?? 0, this.gaps[1] ?? 0));
    this.send('A', longs(this.acknowledged[0] ?? 0, this.acknowledged[1] ?? 0));
  }
}

/** Chunks that a sink may have in hand. */
const pendingMax = 16;
const leaveWaitMs = 1_000;
const leavePollMs = 5;

/** `exited N`, `signaled N` or `unknown REASON`. Pure. */
export function parseEnd(text: string): PayloadEnd {
  const [kind, value = ''] = text.split(' ');
  if (kind === 'exited') return { kind, code: Number(value) };
  if (kind === 'signaled') return { kind, signal: Number(value) };
  return { kind: 'unknown', reason: value };
}
