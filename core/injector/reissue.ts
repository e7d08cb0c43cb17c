import type { InjectionEngine } from './engine.js';
import type { Injection, ReplyChannel } from './injection.js';
import type { InjectorKernel } from './injector-kernel.js';
import { ReissueBatch } from './reissue-batch.js';
import { type ReissueRequest, reissueCode } from './reissue-protocol.js';
import type { InjectionRunner } from './runner.js';
import { subStep, WAIT } from './sub-steps.js';

/** Threads of reissues that may wait for their stop: four full requests. */
const maximumParked = 256;
/** A reissue ends when no thread of it has stopped for so long. */
const quietMs = 20;

/**
 * Interrupts calls whose record is lost, so that the kernel makes them anew. All threads get their stop
 * pending first; only then are killable waits ended by notification id, because a thread without one would
 * see errno 513, and nobody knows whose id is whose. **It is the asker's duty to name every thread that is
 * blocked under that listener whenever it gives ids**: those of earlier requests that are still pending count
 * as named.
 */
export class Reissue {
  constructor(
    private readonly runner: InjectionRunner,
    private readonly engine: InjectionEngine,
    private readonly kernel: InjectorKernel,
  ) {}

  /** `holder` has the listener. Threads that don't stop in time are parked with the engine. */
  run(holder: Injection, request: ReissueRequest, channel: ReplyChannel, token: number): ReissueBatch {
    const batch = new ReissueBatch(request, channel, token);
    const threads = this.takeThreads(batch);
    const seized = threads.filter((thread) => this.runner.advance(thread, subStep.seizeBlocked) === WAIT);
    for (const thread of threads) if (!seized.includes(thread)) this.engine.finish(thread);
    holder.batch = batch;
    if (!this.kernel.hasRemedy('stopsfirst')) this.runner.advance(holder, subStep.endWaits);
    for (const thread of seized) this.runner.advance(thread, subStep.interruptBlocked);
    this.runner.advance(holder, subStep.endWaits);
    for (const thread of this.awaitStops(seized)) this.engine.park(thread);
    request.threadIds.forEach((threadId, index) => {
      batch.codes[index] = batch.codes[request.threadIds.indexOf(threadId)] as number;
    });
    return batch;
  }

  /** A record for each thread that may be touched; the others get their code at once. */
  private takeThreads(batch: ReissueBatch): Injection[] {
    const threads: Injection[] = [];
    const room = maximumParked - this.engine.countParked(true);
    batch.request.threadIds.forEach((threadId, index) => {
      const earlier = this.engine.findParked(threadId);
      const isNamedBefore = batch.request.threadIds.indexOf(threadId) < index;
      if (!earlier && !isNamedBefore && threads.length >= room) {
        batch.codes[index] = reissueCode.refused;
        return;
      }
      const thread = this.engine.take();
      thread.beginReissue(batch, index, threadId);
      if (!isNamedBefore && (!earlier || this.engine.takeOver(earlier, thread))) {
        threads.push(thread);
        return;
      }
      // In an injection's hands: its wait is over already.
      batch.codes[index] = reissueCode.pending;
      this.engine.giveBack(thread);
    });
    return threads;
  }

  /** Waits while there is something to see; gives those that have not stopped. */
  private awaitStops(threads: readonly Injection[]): Injection[] {
    let waiting = [...threads];
    let deadlineMs = this.kernel.nowMs() + quietMs;
    for (let rounds = 0; waiting.length > 0 && this.kernel.nowMs() < deadlineMs; rounds++) {
      const left = waiting.filter((thread) => !this.runner.follow(thread, 0));
      if (left.length < waiting.length) {
        for (const thread of waiting) if (!left.includes(thread)) this.end(thread);
        deadlineMs = this.kernel.nowMs() + quietMs;
        rounds = 0;
      } else this.runner.pause(rounds);
      waiting = left;
    }
    return waiting;
  }

  private end(thread: Injection): void {
    const { batch, batchIndex, outcome } = thread;
    if (batch && outcome !== 0) batch.codes[batchIndex] = reissueCode.gone;
    this.engine.finish(thread);
  }
}
