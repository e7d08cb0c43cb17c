import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { Logger } from '../../core/ports/logger.js';
import type { AttachOptions, RequestService, ServedListener } from '../../core/ports/request-service.js';
import { compilePolicy } from '../../core/request/compiled-policy.js';
import type { Journal } from '../journal/journal.js';
import { systemCall } from '../linux/native.js';
import { Outage } from '../logging/outage.js';
import { firstListenerKey } from './hot-loop.js';
import type { InjectorProcess } from './injector-process.js';
import type { ListenerCounts } from './listener-registry.js';
import { LoopHandle } from './loop-handle.js';
import type { LoopReport } from './loop-messages.js';
import { LoopWatch } from './loop-watch.js';
import type { CompiledPolicyData } from './policy-transfer.js';
import type { Publisher } from './publisher.js';

/** How often the loops are looked at, and how long one request may take before its loop is left to it. */
const watchEveryMs = 100;
/** How long the end waits for what is in flight: an injector may have to be started again for it. */
const stopWaitMs = 8_000;
const stuckMs = 250;
/** Loops that targets may keep stuck at a time; each costs a thread. */
const quarantineLimit = 8;

interface Attached {
  readonly key: number;
  readonly options: AttachOptions;
  policy: CompiledPolicyData;
  loop: LoopHandle;
  detached?: () => void;
}

export interface RequestServerOptions {
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly counts: ListenerCounts;
  readonly injector: InjectorProcess;
  readonly handlersModule: URL;
  /** Proves the notifier on a probe child; the reason when it can't. */
  readonly obstacle: () => Promise<string | undefined>;
  readonly logger: Logger;
  /** A loop or the journal failed in a way that can't be mended here. */
  readonly onFatal: (message: string) => void;
}

/** Serves listeners with hot loops: one for all targets, and one for each target that got stuck. */
export class RequestServer implements RequestService {
  private readonly attached = new Map<number, Attached>();
  private readonly loops = new Set<LoopHandle>();
  private main: LoopHandle;
  private nextKey = firstListenerKey;
  private readonly timer: NodeJS.Timeout;
  private readonly watch = new LoopWatch();
  private allWait = false;
  private obstacleFound: Promise<string | undefined> | undefined;
  private stopping = false;
  private forgottenBefore = 0;
  private announced = 0;
  private readonly growth: Outage;

  constructor(private readonly options: RequestServerOptions) {
    this.growth = new Outage(options.logger, 'the journal cannot grow', 'the journal grows again');
    this.main = this.startLoop();
    this.timer = setInterval(() => this.look(), watchEveryMs);
    this.timer.unref();
  }

  obstacle(): Promise<string | undefined> {
    this.obstacleFound ??= this.options.obstacle();
    return this.obstacleFound;
  }

  async attach(options: AttachOptions): Promise<ServedListener> {
    const key = this.nextKey++;
    const policy = transfer(options.policy);
    // While the journal has no room the target's calls wait in the kernel.
    await this.introduce(key, options.delegationId, options.policy);
    const attached: Attached = { key, options, policy, loop: this.main };
    this.attached.set(key, attached);
    options.onServing();
    this.main.send({ kind: 'attach', key, descriptor: options.descriptor, policy });
    const { counts } = this.options;
    return {
      key,
      counts: () => counts.of(key),
      setPolicy: (next) => {
        void this.introduce(key, options.delegationId, next);
        attached.policy = transfer(next);
        attached.loop.send({ kind: 'policy', key, policy: attached.policy });
      },
      detach: () => this.detach(attached),
      forget: () => this.forget(key),
    };
  }

  settled(): Promise<void> {
    return this.options.publisher.published(this.options.journal.counters.nextTicket - 1);
  }

  /** Fresh channels to a fresh injector, for every loop. */
  connectInjector(): void {
    for (const loop of this.loops) this.connect(loop);
  }

  /** Threads that serve, for status. */
  get loopCount(): number {
    return this.loops.size;
  }

  get listenerCount(): number {
    return this.attached.size;
  }

  /**
   * Ends all loops, each after what it is in; those that are stuck are left behind: how many there are.
   * Listeners stay open: they end with the process.
   */
  async stop(): Promise<number> {
    this.stopping = true;
    const late = setTimeout(() => {
      for (const loop of this.loops) loop.abandon();
    }, stopWaitMs);
    const ends = await Promise.all([...this.loops].map((loop) => loop.stop()));
    clearTimeout(late);
    clearInterval(this.timer);
    return ends.filter((ended) => !ended).length;
  }

  /** Gives loops new journal segments, and lets old ones go. */
  tendJournal(): void {
    const { journal, publisher } = this.options;
    try {
      // Without room requests wait: nothing is received that could not be written down.
      journal.prepareAhead();
      this.announceSegments();
      publisher.writeWaiting();
      if (journal.fullness === undefined) this.growth.end();
      else this.growth.note(journal.fullness);
    } catch (error) {
      this.growth.note(error);
    }
    const oldest = Math.min(...[...this.loops].map((loop) => loop.control.oldestSegment));
    if (oldest <= this.forgottenBefore) return;
    this.forgottenBefore = oldest;
    for (const loop of this.loops) loop.send({ kind: 'forget-segments', before: oldest });
    journal.unmapBefore(oldest);
  }

  /** Tells the loops of every segment that they don't know, whoever had it prepared. */
  private announceSegments(): void {
    const segments = this.options.journal.segments().filter(({ segment }) => segment > this.announced);
    if (segments.length === 0) return;
    this.announced = Math.max(...segments.map(({ segment }) => segment));
    for (const loop of this.loops) loop.send({ kind: 'segments', segments });
  }

  private introduce(key: number, delegationId: string, { tenant, record }: ResolvedPolicy): Promise<void> {
    return this.options.publisher.introduce({ key, delegationId, tenant, record });
  }

  private startLoop(): LoopHandle {
    const { journal, handlersModule } = this.options;
    const loop: LoopHandle = new LoopHandle({
      counters: journal.counters.buffer,
      epoch: journal.epoch,
      handlersModule,
      segments: journal.segments(),
      onReport: (report) => this.hear(loop, report),
      onExit: () => this.ended(loop),
    });
    loop.control.oldestSegment = journal.firstSegment;
    this.loops.add(loop);
    this.connect(loop);
    return loop;
  }

  private connect(loop: LoopHandle): void {
    const channel = this.options.injector.openChannel();
    if (channel !== undefined) loop.send({ kind: 'injector', descriptor: channel });
  }

  private ended(loop: LoopHandle): void {
    this.loops.delete(loop);
    this.watch.forget(loop);
    if (!this.stopping && loop.quarantinedFor === undefined) this.options.onFatal('a request loop ended');
  }

  private hear(loop: LoopHandle, report: LoopReport): void {
    const { logger } = this.options;
    switch (report.kind) {
      case 'hangup':
        return this.gone(report.key);
      case 'detached':
        return this.attached.get(report.key)?.detached?.();
      case 'handed-back':
        return this.takeBack(loop, report.key);
      case 'need-segment':
        return this.tendJournal();
      case 'handler-failed':
        logger.error({ listener: report.key, stack: report.message }, 'a handler failed; the target got EIO');
        return;
      case 'failed':
        logger.error({ errno: report.errno }, `a request loop failed: ${report.message}`);
        return;
      case 'injector-lost':
        // The injector's own exit brings the next one, and with it new channels.
        logger.debug({ loop: loop.control.threadId }, 'a loop lost the injector');
    }
  }

  private gone(key: number): void {
    const attached = this.attached.get(key);
    if (attached === undefined) return;
    this.attached.delete(key);
    systemCall('close', attached.options.descriptor);
    attached.detached?.();
    attached.options.onHangup();
  }

  /** All that is known of a listener that is gone and counted. */
  private forget(key: number): void {
    this.options.counts.forget(key);
    this.options.publisher.forget(key);
  }

  private async detach(attached: Attached): Promise<void> {
    if (!this.attached.has(attached.key)) return;
    const done = new Promise<void>((resolve) => {
      attached.detached = resolve;
    });
    attached.loop.send({ kind: 'detach', key: attached.key });
    // A loop that is stuck can't answer; its target is the one that keeps it.
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
    await Promise.race([done, timeout]);
    // It may have hung up meanwhile, and its descriptor's number be another's by now.
    if (this.attached.delete(attached.key)) systemCall('close', attached.options.descriptor);
  }

  /** Looks for a loop that has been in one request for too long. */
  private look(): void {
    this.tendJournal();
    const nowMs = performance.now();
    for (const loop of this.loops) {
      const { listener, waitedMs } = this.watch.look(loop, nowMs);
      if (waitedMs < stuckMs) continue;
      if (this.stopping) loop.abandon();
      else if (loop.quarantinedFor === undefined) this.quarantine(loop, listener, waitedMs * 1_000);
    }
  }

  /** Leaves the loop to the target that keeps it, and serves all others with a fresh one. */
  private quarantine(loop: LoopHandle, key: number, waitedUs: number): void {
    const quarantined = [...this.loops].filter((one) => one.quarantinedFor !== undefined);
    if (quarantined.length >= quarantineLimit) return this.makeRoom(quarantined, key);
    this.allWait = false;
    loop.quarantinedFor = key;
    loop.control.quarantine(key);
    if (loop === this.main) this.main = this.startLoop();
    for (const attached of this.attached.values()) {
      if (attached.loop === loop && attached.key !== key) this.move(attached);
    }
    this.options.logger.warn({ listener: key, waitedUs }, 'a target keeps its loop waiting: quarantined');
    this.attached.get(key)?.options.onQuarantine('a request', Math.round(waitedUs));
  }

  /**
   * A target keeps its own loop after a stall, so that its next one stops nobody. When loops run out, one
   * whose target doesn't stall at present is given up, and the next look finds its place free.
   */
  private makeRoom(quarantined: readonly LoopHandle[], key: number): void {
    const idle = quarantined.find((one) => one.control.current().listener === 0);
    if (idle?.quarantinedFor !== undefined) {
      idle.send({ kind: 'hand-back', key: idle.quarantinedFor });
    } else if (!this.allWait) {
      this.allWait = true;
      this.options.logger.error({ listener: key }, 'too many targets keep a loop; all wait');
    }
  }

  private takeBack(loop: LoopHandle, key: number): void {
    const attached = this.attached.get(key);
    if (attached?.loop === loop) this.move(attached);
  }

  /** Has the main loop serve a listener that another one served. */
  private move(attached: Attached): void {
    attached.loop = this.main;
    const { key, policy, options } = attached;
    this.main.send({ kind: 'attach', key, descriptor: options.descriptor, policy });
  }
}

function transfer(policy: ResolvedPolicy): CompiledPolicyData {
  return {
    ...compilePolicy(policy),
    inFlightPerTarget: policy.limits.inFlightPerTarget,
    placement: policy.placement,
  };
}
