import type { Logger } from '../../core/ports/logger.js';
import type { Journal } from '../journal/journal.js';
import type { SealKeySet } from '../keys/index.js';
import { Outage } from '../logging/outage.js';
import type { InjectorChannels } from './injector-channels.js';
import { LoopHandle } from './loop-handle.js';
import type { LoopReport } from './loop-messages.js';
import { RehearsalStage, type StageOptions } from './rehearsal-stage.js';

/** How long the end waits for what is in flight: an injector may have to be started again for it. */
const stopWaitMs = 8_000;

/** A target without a request for between this and twice this is quiet: its mounts are let go. */
const idleMs = 2_000;
/** At the first a target that was busy counts as quiet, at the second it is forgotten. */
const looksUntilForgotten = 3;
/** How long new keys wait for a loop that is in a request. */
const keysWaitMs = 1_000;

export interface LoopPoolOptions {
  readonly journal: Journal;
  readonly injector: InjectorChannels;
  readonly handlersModule: URL;
  /** A loop that was started before; its counters are the journal's. */
  readonly first: LoopHandle | undefined;
  readonly keys: SealKeySet;
  readonly logger: Logger;
  readonly onReport: (loop: LoopHandle, report: LoopReport) => void;
  readonly onExit: (loop: LoopHandle) => void;
}

/** The loops of a supervisor, and what they need all the time: journal segments and injector channels. */
export class LoopPool {
  readonly loops = new Set<LoopHandle>();
  private isBegun = false;
  private stage: RehearsalStage | undefined;
  private announced = 0;
  private forgottenBefore = 0;
  /** Loops by the request that they were last in, and since how many looks. */
  private readonly quiet = new WeakMap<LoopHandle, { request: number; looks: number }>();
  private readonly idleTimer: NodeJS.Timeout;
  private readonly growth: Outage;
  private keys: SealKeySet;

  private first: LoopHandle | undefined;

  constructor(private readonly options: LoopPoolOptions) {
    this.idleTimer = setInterval(() => this.forgetIdle(), idleMs).unref();
    this.first = options.first;
    this.keys = options.keys;
    this.growth = new Outage(options.logger, 'the journal cannot grow', 'the journal grows again');
  }

  /** Can loops write? */
  get hasBegun(): boolean {
    return this.isBegun;
  }

  /** One more loop. It waits until begin(). */
  start(): LoopHandle {
    const { journal, handlersModule, onReport, onExit } = this.options;
    const loop = this.first ?? new LoopHandle({ counters: journal.counters.buffer, handlersModule });
    this.first = undefined;
    loop.own({
      onReport: (report) => {
        this.stage?.hear(report);
        onReport(loop, report);
      },
      onExit: () => {
        this.loops.delete(loop);
        onExit(loop);
      },
    });
    this.loops.add(loop);
    void loop.takeKeys(this.keys);
    if (this.isBegun) loop.begin(journal.epoch, journal.firstSegment, journal.segments());
    this.connect(loop);
    return loop;
  }

  /** Has a loop serve before begin(). */
  rehearse(loop: LoopHandle, options: StageOptions): RehearsalStage {
    this.stage = new RehearsalStage(loop, this.options.journal.counters, options);
    return this.stage;
  }

  /** The journal's epoch has begun: loops can write. */
  begin(): void {
    const { journal } = this.options;
    this.isBegun = true;
    const segments = journal.segments();
    this.announced = Math.max(...segments.map(({ segment }) => segment));
    for (const loop of this.loops) loop.begin(journal.epoch, journal.firstSegment, segments);
  }

  /** Uses these keys from now on: true when every loop has them, false when one is stuck. */
  async setKeys(keys: SealKeySet): Promise<boolean> {
    this.keys = keys;
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), keysWaitMs).unref());
    const all = Promise.all([...this.loops].map((loop) => loop.takeKeys(keys))).then(() => true);
    return Promise.race([all, late]);
  }

  /** Fresh channels to a fresh injector, for every loop. */
  connectInjector(): void {
    for (const loop of this.loops) this.connect(loop);
  }

  /**
   * Gives loops new journal segments, and lets old ones go. `recovered`: nothing that a predecessor left is
   * unfinished.
   */
  tendJournal(recovered: boolean): void {
    if (!this.isBegun) return;
    const { journal } = this.options;
    try {
      journal.prepareAhead();
      this.announceSegments();
      if (journal.fullness === undefined) this.growth.end();
      else this.growth.note(journal.fullness);
    } catch (error) {
      // Requests wait: nothing is received that could not be written down. It is tried again at each look.
      this.growth.note(error);
    }
    const oldest = Math.min(...[...this.loops].map((loop) => loop.control.oldestSegment));
    if (!Number.isFinite(oldest)) return;
    // Also when nothing moved since: what predecessors left may have ended only now.
    if (recovered) journal.noteOpenFrom(oldest);
    if (oldest <= this.forgottenBefore) return;
    this.forgottenBefore = oldest;
    for (const loop of this.loops) loop.send({ kind: 'forget-segments', before: oldest });
    journal.unmapBefore(oldest);
  }

  /** Has loops let go of what they hold of quiet targets. A loop that is quiet itself is left in peace. */
  private forgetIdle(): void {
    for (const loop of this.loops) {
      const { request } = loop.control.current();
      const seen = this.quiet.get(loop);
      const looks = seen?.request === request ? seen.looks + 1 : 0;
      this.quiet.set(loop, { request, looks });
      if (looks < looksUntilForgotten) loop.send({ kind: 'forget-idle' });
    }
  }

  /** Ends all loops, each after what it is in; those that are stuck are left behind: how many there are. */
  async stop(): Promise<number> {
    clearInterval(this.idleTimer);
    const late = setTimeout(() => {
      for (const loop of this.loops) loop.abandon();
    }, stopWaitMs);
    const ends = await Promise.all([...this.loops].map((loop) => loop.stop()));
    clearTimeout(late);
    return ends.filter((ended) => !ended).length;
  }

  /** Tells the loops of every segment that they don't know, whoever had it prepared. */
  private announceSegments(): void {
    const segments = this.options.journal.segments().filter(({ segment }) => segment > this.announced);
    if (segments.length === 0) return;
    this.announced = Math.max(...segments.map(({ segment }) => segment));
    for (const loop of this.loops) loop.send({ kind: 'segments', segments });
  }

  private connect(loop: LoopHandle): void {
    void this.options.injector.openChannel().then((channel) => {
      if (channel !== undefined) loop.send({ kind: 'injector', descriptor: channel });
    });
  }
}
