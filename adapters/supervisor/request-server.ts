import { eventTenant } from '../../core/events/escape-text.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { AttachOptions, RequestService, ServedListener } from '../../core/ports/request-service.js';
import { LeftRequests } from '../../core/serving/left-requests.js';
import { transferPolicy } from '../../core/serving/transfer-policy.js';
import { readOpenRecords } from '../journal/open-records.js';
import type { SealKeySet } from '../keys/index.js';
import { systemCall } from '../linux/native.js';
import { type Attached, handleOf, letGo, newAttached, passOn, serve } from './attached-listener.js';
import { firstListenerKey } from './listener-keys.js';
import type { LoopHandle } from './loop-handle.js';
import type { LoopCommand, LoopReport } from './loop-messages.js';
import { LoopPool } from './loop-pool.js';
import { LoopWatch } from './loop-watch.js';
import type { RehearsalStage, StageOptions } from './rehearsal-stage.js';
import type { RequestServerOptions } from './request-server-options.js';

/** How often loops are looked at, and how long a request may take before its loop is left to it. */
const watchEveryMs = 100;
const stuckMs = 250;
/** Loops that targets may keep stuck at a time; each costs a thread. */
const quarantineLimit = 8;

/** Serves listeners with hot loops: one for all targets, and one for each target that got stuck. */
export class RequestServer implements RequestService {
  private readonly attached = new Map<number, Attached>();
  private readonly pool: LoopPool;
  private main: LoopHandle;
  private nextKey = firstListenerKey;
  private readonly timer: NodeJS.Timeout;
  private readonly watch = new LoopWatch();
  private readonly left = new LeftRequests();
  private allWait = false;
  private obstacleFound: Promise<string | undefined> | undefined;
  private stopping = false;

  constructor(private readonly options: RequestServerOptions) {
    const { journal, injector, handlersModule, first, keys, logger } = options;
    this.pool = new LoopPool({
      journal,
      injector,
      handlersModule,
      first,
      keys,
      logger,
      onReport: (loop, report) => this.hear(loop, report),
      onExit: (loop) => this.ended(loop),
    });
    this.main = this.pool.start();
    this.timer = setInterval(() => this.look(), watchEveryMs);
    this.timer.unref();
  }

  /** The journal's epoch has begun. What predecessors left waits for the listeners that it came from. */
  begin(): void {
    const { journal, journalDirectory } = this.options;
    this.left.add(readOpenRecords(journalDirectory, journal.eldestOpenSegment, journal.firstSegment));
    this.pool.begin();
  }

  /** No listener of a predecessor's comes any more: what is left belongs to targets that are gone. */
  endFormer(policy: ResolvedPolicy): void {
    for (const [key, former] of this.left.endRest()) {
      this.main.send({ kind: 'attach', key, descriptor: -1, policy: transferPolicy(policy), former });
    }
  }

  /** Resolves when what such targets left has its end in the journal. */
  formerEnded(): Promise<void> {
    return this.left.whenEnded();
  }

  /** Is nothing left of what predecessors had not finished? */
  private get isRecovered(): boolean {
    return this.left.isHandedOut && [...this.attached.values()].every(({ former }) => former.length === 0);
  }

  /** Has the first loop serve before there is a journal; what it writes is forgotten. */
  rehearse(options: StageOptions): RehearsalStage {
    return this.pool.rehearse(this.main, options);
  }

  /** Resolves when the first loop runs. */
  warm(): Promise<void> {
    return this.main.ready;
  }

  obstacle(): Promise<string | undefined> {
    this.obstacleFound ??= this.options.obstacle();
    return this.obstacleFound;
  }

  async attach(options: AttachOptions): Promise<ServedListener> {
    const key = options.key ?? this.nextKey++;
    const present = this.attached.get(key);
    if (present?.isOffered) return this.passOn(present, options);
    const attached = newAttached(key, options, this.main, this.left.take(key));
    this.attached.set(key, attached);
    const later = this.introduce(attached, options.policy);
    options.onServing();
    attached.isIntroduced = later === undefined;
    serve(attached);
    // While the journal has no room the target's calls wait in the kernel.
    void later?.then(() => {
      attached.isIntroduced = true;
      if (this.attached.get(key) === attached) serve(attached);
    });
    return this.handleOf(attached);
  }

  private passOn(attached: Attached, options: AttachOptions): ServedListener {
    if (attached.isGone) this.attached.delete(attached.key);
    passOn(attached, options);
    options.onServing();
    const served = this.handleOf(attached);
    served.setPolicy(options.policy);
    return served;
  }

  private handleOf(attached: Attached): ServedListener {
    const introduce = (policy: ResolvedPolicy): void => void this.introduce(attached, policy);
    return handleOf(attached, introduce, () => this.detach(attached));
  }

  /** A listener that is served, and how to tell its loop something. */
  served(key: number) {
    const attached = this.attached.get(key);
    if (attached === undefined) return undefined;
    const tell = (command: LoopCommand): void => attached.loop.send(command);
    return { descriptor: attached.options.descriptor, former: attached.former, tell };
  }

  inFlight(key: number): number {
    return this.left.countOf(key);
  }

  counts(delegationId: string): Counts {
    return this.options.publisher.countsOf(delegationId);
  }
  useOf = (delegationId: string) => this.options.publisher.useOf(delegationId);
  settled(): Promise<void> {
    return this.options.publisher.published(this.options.journal.counters.nextTicket - 1);
  }

  /** True when every loop has them. */
  setKeys(keys: SealKeySet): Promise<boolean> {
    return this.pool.setKeys(keys);
  }

  connectInjector(): void {
    this.pool.connectInjector();
  }

  get listenerCount(): number {
    return this.attached.size;
  }

  /** Ends all loops (see LoopPool). Listeners stay open: they end with the process. */
  async stop(): Promise<number> {
    this.stopping = true;
    const stuck = await this.pool.stop();
    clearInterval(this.timer);
    return stuck;
  }

  private introduce(attached: Attached, policy: ResolvedPolicy): Promise<unknown> | undefined {
    const { delegationId } = attached.options;
    const { record } = policy;
    const tenant = eventTenant(policy.tenant);
    return this.options.publisher.introduce({ key: attached.key, delegationId, tenant, record });
  }

  private tendJournal(): void {
    this.pool.tendJournal(this.isRecovered);
    this.options.publisher.writeWaiting();
  }

  private ended(loop: LoopHandle): void {
    this.watch.forget(loop);
    if (!this.stopping && loop.quarantinedFor === undefined) this.options.onFatal('a request loop ended');
  }

  private hear(loop: LoopHandle, report: LoopReport): void {
    const { logger } = this.options;
    switch (report.kind) {
      case 'hangup':
        return this.gone(report.key);
      case 'detached':
        this.left.ended(report.key);
        return this.attached.get(report.key)?.detached?.();
      case 'recovered':
        return this.recovered(report.key);
      case 'handed-back':
        return this.takeBack(loop, report.key);
      case 'need-segment':
        return this.tendJournal();
      case 'handler-failed':
        return this.handlerFailed(report.key, report.request, report.message);
      case 'failed':
        logger.error({ errno: report.errno }, `a request loop failed: ${report.message}`);
        return;
      case 'injector-lost':
        // The injector's own exit brings the next one, and with it new channels.
        logger.debug({ loop: loop.control.threadId }, 'a loop lost the injector');
    }
  }

  private handlerFailed(key: number, request: string, stack: string): void {
    const delegation = this.attached.get(key)?.options.delegationId;
    this.options.logger.error({ delegation, request, stack }, 'a handler failed; the target got EIO');
  }

  private gone(key: number): void {
    const attached = this.attached.get(key);
    if (attached === undefined || attached.isGone) return;
    // Whoever it is offered to has to hear of it, and not to attach what has its number by then.
    if (!attached.isOffered) this.attached.delete(key);
    attached.isGone = true;
    systemCall('close', attached.options.descriptor);
    this.options.publisher.dismiss(key);
    attached.detached?.();
    attached.options.onHangup();
  }

  /** A loop has all in hand that was left unfinished. */
  private recovered(key: number): void {
    const attached = this.attached.get(key);
    if (attached !== undefined) attached.former = [];
  }

  private async detach(attached: Attached): Promise<void> {
    if (!this.attached.has(attached.key)) return;
    if (!attached.isGone) await letGo(attached);
    // It may have hung up meanwhile, and its descriptor's number be another's by now.
    if (!this.attached.delete(attached.key) || attached.isGone) return;
    systemCall('close', attached.options.descriptor);
    this.options.publisher.dismiss(attached.key);
  }

  /** Looks for a loop that has been in one request for too long. */
  private look(): void {
    if (!this.pool.hasBegun) return;
    this.tendJournal();
    const nowMs = performance.now();
    for (const loop of this.pool.loops) {
      const { listener, waitedMs } = this.watch.look(loop, nowMs);
      if (waitedMs < stuckMs) continue;
      if (this.stopping) loop.abandon();
      else if (loop.quarantinedFor === undefined) this.quarantine(loop, listener, waitedMs * 1_000);
    }
  }

  /** Leaves the loop to the target that keeps it, and serves all others with a fresh one. */
  private quarantine(loop: LoopHandle, key: number, waitedUs: number): void {
    const quarantined = [...this.pool.loops].filter((one) => one.quarantinedFor !== undefined);
    if (quarantined.length >= quarantineLimit) return this.makeRoom(quarantined, key);
    this.allWait = false;
    loop.quarantinedFor = key;
    loop.control.quarantine(key);
    if (loop === this.main) this.main = this.pool.start();
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
    serve(attached);
  }
}
