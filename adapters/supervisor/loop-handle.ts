import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PreparedSegment } from '../journal/journal.js';
import type { SealKeySet } from '../keys/index.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { createEventDescriptor } from '../linux/poll.js';
import { entryUrl } from './entry-path.js';
import { LoopControl } from './loop-control.js';
import type { LoopCommand, LoopReport, LoopStart } from './loop-messages.js';

export interface LoopHandleOptions {
  readonly counters: SharedArrayBuffer;
  readonly handlersModule: URL;
  /** The process gets its filter later, and says so to the loop then. */
  readonly filterLater?: boolean;
}

/** Who hears of a loop. */
export interface LoopOwner {
  readonly onReport: (report: LoopReport) => void;
  readonly onExit: () => void;
}

/** What the user started deputy with; read before anything changes it. */
const startNiceness = getPriority();

let oneWord: ReturnType<typeof allocate> | undefined;

/** A hot loop's thread as the main thread holds it. */
export class LoopHandle {
  readonly control = new LoopControl();
  /** Set once the loop is left to one target alone. */
  quarantinedFor: number | undefined;
  private wakeDescriptor = createEventDescriptor();
  private readonly worker: Worker;
  private readonly exited: Promise<boolean>;
  /** Resolves when the loop runs. */
  readonly ready: Promise<void>;
  private giveUp: () => void = () => undefined;
  private owner: LoopOwner | undefined;
  /** What happened while nobody owned it. */
  private early: ((owner: LoopOwner) => void)[] = [];
  private readonly keysWaited: (() => void)[] = [];

  constructor(options: LoopHandleOptions) {
    const workerData: LoopStart = {
      counters: options.counters,
      control: this.control.buffer,
      wakeDescriptor: this.wakeDescriptor,
      niceness: startNiceness,
      filterLater: options.filterLater ?? false,
      handlersModule: entryUrl(options.handlersModule).href,
    };
    const entry = entryUrl(new URL('./hot-loop-worker.js', import.meta.url));
    const resourceLimits = { maxYoungGenerationSizeMb: 4 };
    this.worker = new Worker(entry, { workerData, name: 'deputy-loop', resourceLimits });
    let becomeReady: () => void = () => undefined;
    this.ready = new Promise((resolve) => {
      becomeReady = resolve;
    });
    this.worker.on('message', (report: LoopReport) => {
      if (report.kind === 'ready') becomeReady();
      if (report.kind === 'keys-taken') this.keysWaited.shift()?.();
      this.tell((owner) => owner.onReport(report));
    });
    this.worker.on('error', (error) => {
      const message = error.stack ?? error.message;
      this.tell((owner) => owner.onReport({ kind: 'failed', message }));
    });
    this.exited = new Promise((resolve) => {
      this.giveUp = () => resolve(false);
      this.worker.once('exit', () => {
        systemCall('close', this.wakeDescriptor);
        // Its number will be another descriptor's, which must not be written to.
        this.wakeDescriptor = -1;
        resolve(true);
        this.tell((owner) => owner.onExit());
      });
    });
  }

  /** Has somebody hear of it, and of what there was to hear before. */
  own(owner: LoopOwner): void {
    this.owner = owner;
    for (const told of this.early.splice(0)) told(owner);
  }

  /** From now on the loop can write records: under this epoch, from this segment on. */
  begin(epoch: number, firstSegment: number, segments: readonly PreparedSegment[]): void {
    this.control.oldestSegment = firstSegment;
    this.send({ kind: 'epoch', epoch });
    this.send({ kind: 'segments', segments });
  }

  /** Tells the loop something; it looks when it is woken. */
  send(command: LoopCommand): void {
    this.worker.postMessage(command);
    this.wake();
  }

  /** Resolves when the loop seals and checks with these keys; one that is stuck takes them when it is not. */
  takeKeys(keys: SealKeySet): Promise<void> {
    const taken = new Promise<void>((resolve) => this.keysWaited.push(resolve));
    this.send({ kind: 'keys', keys });
    return Promise.race([taken, this.exited.then(() => undefined)]);
  }

  /**
   * Resolves when the loop has ended by itself: true; or false once it is abandoned, since one that is stuck
   * in a call ends with that call and nothing can end it before.
   */
  stop(): Promise<boolean> {
    this.control.stop();
    this.wake();
    return this.exited;
  }

  /** Nobody waits any more for its end. */
  abandon(): void {
    this.giveUp();
  }

  private tell(what: (owner: LoopOwner) => void): void {
    if (this.owner === undefined) this.early.push(what);
    else what(this.owner);
  }

  private wake(): void {
    if (this.wakeDescriptor < 0) return;
    oneWord ??= allocate(4096);
    oneWord.u64[0] = 1n;
    systemCall('write', this.wakeDescriptor, oneWord.address, 8);
  }
}
