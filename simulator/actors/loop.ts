import { segmentOf } from '../../core/journal/segment-layout.js';
import type { RequestRecord } from '../../core/request/record.js';
import { RequestRecord as Record } from '../../core/request/record.js';
import { offset, traceCapacity, traceEntryBytes } from '../../core/request/record-layout.js';
import { beginRequest, takeOverRequest } from '../../core/serving/begin-request.js';
import { answerFailed } from '../../core/serving/failed-request.js';
import { FormerRequests } from '../../core/serving/former-requests.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { Handler } from '../../core/steps/handler.js';
import { runStep } from '../../core/steps/run-steps.js';
import { type StepContext, stepPark } from '../../core/steps/step.js';
import { ListenerEnd, type Notification } from '../kernel/filter.js';
import { abi } from '../kernel/numbers.js';
import { failingKernel, Vanished } from '../ports/failing-kernel.js';
import type { LoopListener, LoopServed } from '../ports/loop-state.js';
import type { SlotBlock } from '../storage/journal-writer.js';
import { fillNotification } from './fill-notification.js';
import type { LoopParts } from './loop-parts.js';

/** What a step costs in its process, in microseconds. */
const stepUs = [1, 4] as const;

/** The hot loop's order of work, a step at a time; what a step does is the real code. */
export class ModelLoop {
  private readonly served = new Map<number, LoopServed>();
  private readonly parked = new Set<RequestRecord>();
  private readonly completed: RequestRecord[] = [];
  private readonly former = new FormerRequests<LoopServed>((served) => this.listen(served));
  private readonly listening = new Set<LoopServed>();
  private readonly block: SlotBlock = { next: 0, end: 0 };
  private readonly context: StepContext;
  private current: RequestRecord = new Record();
  private isBusy = false;
  /** Whose request is under way: a message from the main thread is heard when it is over. */
  private working: LoopServed | undefined;
  private receivedAtUs = 0;
  private readonly watcher = (): void => this.poke();

  constructor(private readonly parts: LoopParts) {
    const seals = parts.world.sealKeys;
    this.context = { record: this.current, kernel: parts.kernel, seals, policy: undefined as never };
  }

  attach(key: number, descriptor: number, policy: CompiledPolicyData, former: readonly Uint8Array[]): void {
    const listener: LoopListener = { key, descriptor, mounts: new Map() };
    const state = { parked: 0, paused: false, hungUp: false, leaving: false };
    const served: LoopServed = { listener, policy, ...state, former, reissued: new Set() };
    this.served.set(key, served);
    this.former.add(served);
    this.poke();
  }

  setPolicy(key: number, policy: CompiledPolicyData): void {
    const served = this.served.get(key);
    if (served === undefined) return;
    served.policy = policy;
    this.forgetMounts(served);
  }

  expectReissued(key: number, threadIds: readonly number[]): void {
    for (const threadId of threadIds) this.served.get(key)?.reissued.add(threadId);
  }

  detach(key: number): void {
    const served = this.served.get(key);
    if (served === undefined) return;
    served.leaving = true;
    this.leave(served);
  }

  /** An injection's outcome stands in the record. */
  resume(record: RequestRecord): void {
    this.completed.push(record);
    this.poke();
  }

  /** Segment of the eldest record that is open here. */
  oldestSegment(next: number): number {
    let oldest = next;
    for (const record of this.parked) oldest = Math.min(oldest, segmentOf(record.slot));
    return oldest;
  }

  get isIdle(): boolean {
    return !this.isBusy && this.parked.size === 0 && !this.former.isPending;
  }

  /** Something may be to be done. */
  poke(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    this.parts.world.later(this.parts.process, 1, 8, () => this.turn());
  }

  private turn(): void {
    this.isBusy = false;
    const completed = this.completed.shift();
    if (completed !== undefined) return this.goOn(completed);
    const next = this.former.next(0);
    if (next !== undefined) return this.recover(next.served, next.former);
    for (const served of this.listening) {
      const filter = this.filterOf(served.listener);
      if (filter === undefined) continue;
      if (filter.isReadable && !served.paused) return this.receive(served);
      if (filter.hasHungUp && !served.hungUp) {
        served.hungUp = true;
        this.leave(served);
      }
    }
  }

  private listen(served: LoopServed): void {
    if (served.listener.descriptor < 0) return this.detach(served.listener.key);
    this.filterOf(served.listener)?.watchers.add(this.watcher);
    this.listening.add(served);
    this.parts.report({ kind: 'recovered', key: served.listener.key });
  }

  private receive(served: LoopServed): void {
    const { world, process, journal } = this.parts;
    const record = this.current;
    if (!journal.attachFree(record, this.block, served.listener.key)) return this.waitForRoom();
    this.isBusy = true;
    world.step(process, 'supervisor', 'receive', null, (interference) => {
      const notification = this.filterOf(served.listener)?.receive();
      this.isBusy = false;
      if (notification === undefined) {
        this.poke();
        return 0;
      }
      fillNotification(record, notification);
      this.block.next++;
      if (interference?.diesInside !== true) this.begin(served, notification);
      return 1;
    });
  }

  private begin(served: LoopServed, notification: Notification): void {
    const { world, process, handlerOf } = this.parts;
    this.isBusy = true;
    world.later(process, ...stepUs, () =>
      world.step(process, 'supervisor', 'begin', requestName(notification.id), (interference) => {
        if (interference?.diesInside === true) return 0;
        this.receivedAtUs = world.nowUs;
        const handler = beginRequest(this.current, served, handlerOf, abi, this.receivedAtUs);
        this.advance(this.current, handler, served);
        return 0;
      }),
    );
  }

  private recover(served: LoopServed, former: Uint8Array): void {
    const { world, process, journal, handlerOf } = this.parts;
    const record = this.current;
    if (!journal.attachFree(record, this.block, served.listener.key)) return this.waitForRoom();
    this.isBusy = true;
    world.step(process, 'supervisor', 'take-over', null, (interference) => {
      this.block.next++;
      const handler = takeOverRequest(record, served, former, handlerOf, abi, world.nowUs);
      if (interference?.diesInside === true) return 0;
      this.former.taken(served);
      this.receivedAtUs = record.f64(offset.receivedAtUs);
      this.advance(record, handler, served);
      return 0;
    });
  }

  /** One more step of a request, a little later. */
  private advance(record: RequestRecord, handler: Handler, served: LoopServed): void {
    this.isBusy = true;
    this.working = served;
    const { world, process } = this.parts;
    world.later(process, ...stepUs, () => this.runOne(record, handler, served));
  }

  private runOne(record: RequestRecord, handler: Handler, served: LoopServed): void {
    const { world, process } = this.parts;
    const table = this.parts.tableOf(handler);
    const step = table[record.u16(offset.step)];
    const name = step?.name ?? 'none';
    const request = world.isTraced ? requestName(record.notificationId) : null;
    if (step?.act !== undefined) world.steps++;
    world.step(process, 'supervisor', name, request, (interference) => {
      this.context.record = record;
      this.context.policy = served.policy;
      const context =
        interference === undefined
          ? this.context
          : { ...this.context, kernel: failingKernel(this.parts.kernel, interference) };
      const now = (): number => world.nowUs - this.receivedAtUs;
      try {
        const next = runStep(context, table, now);
        if (interference?.diesInside !== true) this.follow(next, record, handler, served);
      } catch (error) {
        if (!(error instanceof Vanished)) this.fail(record, served, error);
      }
      return lastResult(record);
    });
  }

  private follow(next: number, record: RequestRecord, handler: Handler, served: LoopServed): void {
    if (next >= 0) this.advance(record, handler, served);
    else if (next === stepPark) this.park(record, served);
    else this.finish(record, served);
  }

  private finish(record: RequestRecord, served: LoopServed): void {
    const { world, process, journal } = this.parts;
    this.isBusy = true;
    world.later(process, ...stepUs, () =>
      world.step(process, 'supervisor', 'commit', requestName(record.notificationId), (interference) => {
        record.setF64(offset.answeredAtUs, world.nowUs);
        const ticket = journal.close(record);
        if (interference?.diesInside === true) return 0;
        journal.order(ticket, record.slot);
        world.watch.committed?.(process, record);
        this.isBusy = false;
        this.working = undefined;
        if (served.hungUp || served.leaving) this.leave(served);
        this.poke();
        return ticket;
      }),
    );
  }

  private park(record: RequestRecord, served: LoopServed): void {
    this.parked.add(record);
    served.parked++;
    if (record === this.current) this.current = new Record();
    if (served.parked >= served.policy.inFlightPerTarget) served.paused = true;
    this.isBusy = false;
    this.working = undefined;
    this.poke();
  }

  private goOn(record: RequestRecord): void {
    this.parked.delete(record);
    const { key } = record.listener as LoopListener;
    const served = this.served.get(key);
    if (served === undefined) return this.poke();
    served.parked--;
    if (served.parked < served.policy.inFlightPerTarget && !served.hungUp && !served.leaving) {
      served.paused = false;
    }
    this.receivedAtUs = record.f64(offset.receivedAtUs);
    this.advance(record, this.parts.handlerOf(record, abi, served.policy), served);
  }

  /** A handler threw, a defect: the target gets EIO, not a hang. */
  private fail(record: RequestRecord, served: LoopServed, error: unknown): void {
    this.parts.report({ kind: 'failed', key: served.listener.key, error });
    answerFailed(this.parts.kernel, record);
    this.finish(record, served);
  }

  private leave(served: LoopServed): void {
    this.listening.delete(served);
    this.filterOf(served.listener)?.watchers.delete(this.watcher);
    served.paused = true;
    if (served.parked > 0 || this.working === served) return;
    this.served.delete(served.listener.key);
    this.forgetMounts(served);
    this.parts.report({ kind: served.hungUp ? 'hangup' : 'detached', key: served.listener.key });
  }

  private forgetMounts({ listener }: LoopServed): void {
    for (const { descriptor } of listener.mounts.values()) {
      if (descriptor >= 0) this.parts.world.kernel.close(this.parts.process, descriptor);
    }
    listener.mounts.clear();
  }

  /** Nothing is received that could not be written down. */
  private waitForRoom(): void {
    this.isBusy = true;
    this.parts.world.scheduler.after(1_000, this.parts.process, () => {
      this.isBusy = false;
      this.turn();
    });
  }

  private filterOf({ descriptor }: LoopListener) {
    const held = this.parts.process.table.at(descriptor);
    return held instanceof ListenerEnd ? held.filter : undefined;
  }
}

/** What the port gave at the step that was made last. */
function lastResult(record: RequestRecord): number {
  const index = Math.min(Math.max(record.u16(offset.traceCount), 1), traceCapacity) - 1;
  return record.i32(offset.trace + index * traceEntryBytes + 4);
}

function requestName(id: bigint): string {
  return id.toString(16);
}
