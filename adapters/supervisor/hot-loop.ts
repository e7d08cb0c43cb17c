import { segmentOf } from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { beginRequest, takeOverRequest } from '../../core/serving/begin-request.js';
import { answerFailed } from '../../core/serving/failed-request.js';
import { FormerRequests } from '../../core/serving/former-requests.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { Handler } from '../../core/steps/handler.js';
import { runSteps } from '../../core/steps/run-steps.js';
import { type StepContext, stepPark } from '../../core/steps/step.js';
import { allocate } from '../linux/memory.js';
import { hotSyscalls } from '../linux/native.js';
import { EPOLLHUP, EPOLLIN, EpollSet } from '../linux/poll.js';
import { type LoopListener, loopListener } from '../linux/request-kernel/loop-listener.js';
import { notifyCommand, setSynchronousWakeUp } from '../linux/seccomp.js';
import { sleepUs } from '../linux/wait.js';
import type { HotLoopParts } from './hot-loop-parts.js';
import { injectorKey, wakeKey } from './listener-keys.js';
import type { LoopCommand } from './loop-messages.js';
import { type Served, serveListener } from './served-listener.js';

const readyAtOnce = 64;
/** Between two looks for a journal segment that isn't ready. */
const segmentWaitUs = 1_000;

/**
 * The loop that answers requests: waits for any listener, receives straight into a journal slot, runs the
 * request's steps to their end, commits. Allocates nothing for a request that doesn't wait for the injector.
 */
export class HotLoop {
  private readonly epoll = new EpollSet(readyAtOnce);
  private readonly served = new Map<number, Served>();
  private readonly parked = new Set<RequestRecord>();
  private readonly spare: RequestRecord[] = [];
  private readonly former = new FormerRequests<Served>((served) => this.listen(served));
  private readonly kernelCalls = hotSyscalls();
  private readonly drain = allocate(4096);
  private readonly context: StepContext;
  private current = new RequestRecord();
  private waitingForSegment = false;
  private receivedAtUs = 0;
  private readonly elapsedUs: () => number;

  constructor(private readonly parts: HotLoopParts) {
    this.context = { record: this.current, ...parts, policy: undefined as never };
    this.epoll.add(parts.wakeDescriptor, wakeKey);
    this.elapsedUs = () => parts.nowUs() - this.receivedAtUs;
  }

  /** Serves until told to stop and nothing waits for the injector, or its quarantined target is gone. */
  run(): void {
    const { control } = this.parts;
    for (;;) {
      this.former.run(control.only, this.recover);
      this.noteOldestSegment();
      if (control.stopping && this.parked.size === 0) return;
      if (control.only !== 0 && this.keepOnly(control.only)) return;
      // The listener stays readable while a segment is missing, so waiting for it would be spinning.
      if (this.waitingForSegment) sleepUs(segmentWaitUs);
      const ready = this.epoll.wait(this.former.isPending ? 0 : -1);
      for (let index = 0; index < ready; index++) this.handle(this.epoll.key(index), this.epoll.ready(index));
    }
  }

  attach({ key, descriptor, policy, cgroup, former }: Extract<LoopCommand, { kind: 'attach' }>): void {
    if (descriptor >= 0) setSynchronousWakeUp(descriptor);
    const served = serveListener(loopListener(key, descriptor, cgroup), policy, former);
    this.served.set(key, served);
    this.former.add(served);
  }

  private listen(served: Served): void {
    const { listener } = served;
    // Its target is gone; only what it left was to be ended.
    if (listener.descriptor < 0) return this.detach(listener.key);
    const result = this.epoll.add(listener.descriptor, listener.key);
    if (result < 0) this.parts.report({ kind: 'failed', message: 'epoll_ctl', errno: -result });
    this.parts.report({ kind: 'recovered', key: listener.key });
  }

  /** False when the journal has no room yet. */
  private readonly recover = (served: Served, former: Uint8Array): boolean => {
    const { segments, control, kernel, handlerOf, nowUs } = this.parts;
    const record = this.current;
    if (!segments.attachFree(record, served.listener.key)) return this.waitForSegment();
    this.waitingForSegment = false;
    segments.consume();
    const handler = takeOverRequest(record, served, former, handlerOf, kernel.abi, nowUs());
    this.receivedAtUs = record.f64(offset.receivedAtUs);
    control.enter(served.listener.key);
    this.advance(record, handler, served);
    control.leave();
    return true;
  };

  /** There is no room in the journal yet. */
  private waitForSegment(): false {
    if (!this.waitingForSegment) this.parts.report({ kind: 'need-segment' });
    this.waitingForSegment = true;
    return false;
  }

  /** The next call of each of these threads is one that was made anew. */
  expectReissued(key: number, threadIds: readonly number[]): void {
    for (const threadId of threadIds) this.served.get(key)?.reissued.add(threadId);
  }

  setPolicy(key: number, policy: CompiledPolicyData): void {
    const served = this.served.get(key);
    if (!served) return;
    served.policy = policy;
    // The mounts carry the old policy's word; they are judged again.
    this.parts.kernel.mounts.forgetAll(served.listener);
  }

  /** Stops serving a listener, after what is in flight; its descriptor stays open and is the caller's. */
  detach(key: number): void {
    const served = this.served.get(key);
    if (served === undefined) return;
    served.leaving = true;
    this.leave(served);
  }

  /** As detach, for another loop; not while a request of it waits for the injector. */
  handBack(key: number): void {
    const served = this.served.get(key);
    if (served === undefined || served.parked > 0) return;
    this.forget(served);
    this.parts.report({ kind: 'handed-back', key });
  }

  connectInjector(channel: number): void {
    this.parts.injection.connect(channel, (record) => this.resume(record));
    this.epoll.add(channel, injectorKey);
  }

  /** Lets go of what is held of quiet targets, so that they can unmount their file systems. */
  forgetIdle(): void {
    for (const served of this.served.values()) {
      if (!served.wasBusy && served.parked === 0) this.letGo(served);
      served.wasBusy = false;
    }
  }

  private handle(key: number, ready: number): void {
    if (key === wakeKey) return this.wake();
    if (key === injectorKey) return this.takeInjections();
    const served = this.served.get(key);
    if (served === undefined) return;
    const { control } = this.parts;
    if (control.only !== 0 && control.only !== key) return;
    if ((ready & EPOLLIN) !== 0 && !served.paused) this.serve(served);
    else if ((ready & EPOLLHUP) !== 0) this.hangUp(served);
  }

  private wake(): void {
    const { syscall } = this.kernelCalls;
    syscall(this.kernelCalls.numbers.read, this.parts.wakeDescriptor, this.drain.address, 8);
    this.parts.takeCommands();
  }

  private serve(served: Served): void {
    const { segments, control, nowUs } = this.parts;
    const record = this.current;
    if (!segments.attachFree(record, served.listener.key)) return void this.waitForSegment();
    this.waitingForSegment = false;
    control.enter(served.listener.key);
    const { syscall, numbers } = this.kernelCalls;
    const address = record.addressOf(offset.notification);
    const result = syscall(numbers.ioctl, served.listener.descriptor, notifyCommand.RECV, address);
    if (result >= 0) {
      served.wasBusy = true;
      segments.consume();
      this.receivedAtUs = nowUs();
      const { handlerOf, kernel } = this.parts;
      const handler = beginRequest(record, served, handlerOf, kernel.abi, this.receivedAtUs);
      this.parts.placement.follow(served.policy.placement, record.threadId);
      this.advance(record, handler, served);
    }
    control.leave();
  }

  /** Runs a request's steps until it ends or parks. Whatever happens, the target gets an answer. */
  private advance(record: RequestRecord, handler: Handler, served: Served): void {
    this.context.record = record;
    this.context.policy = served.policy;
    let next: number;
    try {
      next = runSteps(this.context, handler.steps, this.elapsedUs);
    } catch (error) {
      this.fail(record, served, error);
      return;
    }
    if (next === stepPark) this.park(record, served);
    else this.finish(record);
  }

  private finish(record: RequestRecord): void {
    record.setF64(offset.answeredAtUs, this.parts.nowUs());
    this.parts.segments.commit(record);
  }

  private park(record: RequestRecord, served: Served): void {
    this.parked.add(record);
    served.parked++;
    if (record === this.current) this.current = this.spare.pop() ?? new RequestRecord();
    if (served.parked >= served.policy.inFlightPerTarget && !served.paused) this.pause(served, true);
  }

  private resume(record: RequestRecord): void {
    this.parked.delete(record);
    const listener = record.listener as LoopListener;
    const served = this.served.get(listener.key);
    if (served === undefined) return;
    served.parked--;
    const isFull = served.parked >= served.policy.inFlightPerTarget;
    if (served.paused && !isFull && !served.hungUp && !served.leaving) this.pause(served, false);
    this.receivedAtUs = record.f64(offset.receivedAtUs);
    this.parts.control.enter(listener.key);
    this.advance(record, this.parts.handlerOf(record, this.parts.kernel.abi, served.policy), served);
    this.parts.control.leave();
    if (!this.parked.has(record)) this.spare.push(record);
    if (served.hungUp || served.leaving) this.leave(served);
  }

  private pause(served: Served, paused: boolean): void {
    served.paused = paused;
    this.epoll.modify(served.listener.descriptor, served.listener.key, paused ? 0 : EPOLLIN);
  }

  private takeInjections(): void {
    const { injection } = this.parts;
    const channel = injection.descriptor;
    if (channel < 0) return;
    if (injection.receive((record) => this.resume(record))) return;
    // Closing the channel took it out of the epoll set.
    this.parts.report({ kind: 'injector-lost' });
  }

  /** A handler threw, a defect of ours: the target gets EIO, not a hang, and the main thread the reason. */
  private fail(record: RequestRecord, served: Served, error: unknown): void {
    answerFailed(this.parts.kernel, record);
    this.finish(record);
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const request = `${record.u32(offset.epoch)}-${record.slot}`;
    this.parts.report({ kind: 'handler-failed', key: served.listener.key, request, message });
  }

  private hangUp(served: Served): void {
    served.hungUp = true;
    this.leave(served);
  }

  /** Hears no more of a listener; forgets it when nothing of it waits for the injector. */
  private leave(served: Served): void {
    this.epoll.remove(served.listener.descriptor);
    served.paused = true;
    if (served.parked > 0) return;
    this.forget(served);
    this.parts.report({ kind: served.hungUp ? 'hangup' : 'detached', key: served.listener.key });
  }

  private forget(served: Served): void {
    this.epoll.remove(served.listener.descriptor);
    this.served.delete(served.listener.key);
    this.letGo(served);
  }

  private letGo({ listener }: Served): void {
    this.parts.kernel.mounts.forgetAll(listener);
    this.parts.kernel.threads.forgetAll(listener);
  }

  /** Quarantined: drops all listeners but one. True when that one is gone too, and the loop should end. */
  private keepOnly(key: number): boolean {
    for (const served of [...this.served.values()]) {
      if (served.listener.key !== key && served.parked === 0) this.forget(served);
    }
    return this.served.size === 0 && this.parked.size === 0;
  }

  private noteOldestSegment(): void {
    let oldest = this.parts.segments.oldestNeeded();
    for (const record of this.parked) oldest = Math.min(oldest, segmentOf(record.slot));
    this.parts.control.oldestSegment = oldest;
  }
}
