import { CallAnswers } from '../../../core/broker/call-answers.js';
import { fillBrokerRecord } from '../../../core/broker/fill-record.js';
import type { BrokerCall } from '../../../core/broker/messages.js';
import { RequestRecord } from '../../../core/request/record.js';
import { offset } from '../../../core/request/record-layout.js';
import { beginRequest, takeOverRequest } from '../../../core/serving/begin-request.js';
import { answerFailed } from '../../../core/serving/failed-request.js';
import type { ServedState } from '../../../core/serving/served-state.js';
import type { CompiledPolicyData } from '../../../core/serving/transfer-policy.js';
import type { Handler } from '../../../core/steps/handler.js';
import { runStep } from '../../../core/steps/run-steps.js';
import { type StepContext, stepPark } from '../../../core/steps/step.js';
import { brokerHandlerOf } from '../../../strategies/sidecar-caps/handlers.js';
import type { ModelProcess } from '../../kernel/process.js';
import { failingKernel, Vanished } from '../../ports/failing-kernel.js';
import type { JournalWriter, SlotBlock } from '../../storage/journal-writer.js';
import {
  type BrokerParts,
  brokerKey,
  type ModelBrokerListener,
  type ModelConnection,
  type ModelPeer,
} from './broker-parts.js';
import type { ModelBrokerKernel } from './model-broker-kernel.js';

const stepUs = [1, 4] as const;
const roomWaitUs = 5_000;

/** Runs requests one at a time, a step at a time, in the order of adapters/broker/request-runner.ts. */
export class BrokerRequestLoop {
  private readonly record = new RequestRecord();
  private readonly block: SlotBlock = { next: 0, end: 0 };
  private readonly context: StepContext;
  private receivedAtUs = 0;
  private count = 0;
  isBusy = false;

  constructor(
    private readonly parts: BrokerParts,
    private readonly process: ModelProcess,
    private readonly journal: JournalWriter,
    private readonly kernel: ModelBrokerKernel,
  ) {
    const { sealKeys: seals } = parts.world;
    this.context = { record: this.record, kernel, seals, policy: undefined as never };
  }

  /** Is there a free record? Nothing is received that could not be written down. */
  hasRoom(): boolean {
    return this.journal.attachFree(this.record, this.block, brokerKey);
  }

  waitForRoom(again: () => void): void {
    this.parts.world.scheduler.after(roomWaitUs, this.process, again);
  }

  /** Serves a call; hasRoom() was asked. `done` is called when its record is closed. */
  run(connection: ModelConnection, call: BrokerCall, descriptor: number, done: () => void): void {
    const { world } = this.parts;
    const { record, kernel } = this;
    const { served, answers, peer } = connection;
    answers.begin(call);
    const by = { processId: peer.thread.threadId, count: ++this.count, descriptor };
    fillBrokerRecord(record, call, by, kernel.abi);
    this.block.next++;
    this.receivedAtUs = world.nowUs;
    const handler = beginRequest(record, served, brokerHandlerOf, kernel.abi, this.receivedAtUs);
    this.advance(handler, served, done);
  }

  /** Ends what a predecessor left: its connection is gone. In one go, as everything before it serves. */
  finish(former: Uint8Array, policy: CompiledPolicyData): void {
    const { world, tableOf } = this.parts;
    const { record, kernel, context, journal } = this;
    const answers = new CallAnswers<ModelPeer>(
      undefined,
      () => policy,
      () => false,
    );
    answers.isOpen = false;
    const listener: ModelBrokerListener = { key: brokerKey, descriptor: -1, mounts: new Map(), answers };
    const served: ServedState = { listener, policy, leaving: false, former: [], reissued: new Set() };
    if (!this.hasRoom()) return;
    this.block.next++;
    const handler = takeOverRequest(record, served, former, brokerHandlerOf, kernel.abi, world.nowUs);
    // The numbers are those of the dead process, and others' here by now.
    record.setI32(offset.sourceDescriptor, -1);
    record.setI32(offset.probeDescriptor, -1);
    context.record = record;
    context.policy = policy;
    const table = tableOf(handler);
    for (let next = 0; next >= 0 || next === stepPark; ) {
      world.steps++;
      next = runStep(context, table, () => 0);
    }
    record.setF64(offset.answeredAtUs, world.nowUs);
    journal.order(journal.close(record), record.slot);
    world.watch.committed?.(this.process, record);
  }

  private advance(handler: Handler, served: ServedState, done: () => void): void {
    this.isBusy = true;
    this.parts.world.later(this.process, ...stepUs, () => this.runOne(handler, served, done));
  }

  private runOne(handler: Handler, served: ServedState, done: () => void): void {
    const { world, tableOf } = this.parts;
    const { record, context, kernel, process } = this;
    const table = tableOf(handler);
    const step = table[record.u16(offset.step)];
    const request = world.isTraced ? record.notificationId.toString(16) : null;
    if (step?.act !== undefined) world.steps++;
    world.step(process, 'broker', step?.name ?? 'none', request, (interference) => {
      context.record = record;
      context.policy = served.policy;
      const failing = interference === undefined ? kernel : failingKernel(kernel, interference);
      try {
        const next = runStep({ ...context, kernel: failing }, table, () => world.nowUs - this.receivedAtUs);
        if (interference?.diesInside === true) return 0;
        // What waits for an injector elsewhere has its outcome already.
        if (next >= 0 || next === stepPark) this.advance(handler, served, done);
        else this.commit(done);
      } catch (error) {
        if (error instanceof Vanished) return 0;
        world.watch.noted?.(process.actor, 'handler-failed', { message: String(error) });
        answerFailed(kernel, record);
        this.commit(done);
      }
      return 0;
    });
  }

  private commit(done: () => void): void {
    const { world } = this.parts;
    const { record, journal, process } = this;
    world.later(process, ...stepUs, () =>
      world.step(process, 'broker', 'commit', record.notificationId.toString(16), (interference) => {
        record.setF64(offset.answeredAtUs, world.nowUs);
        const ticket = journal.close(record);
        if (interference?.diesInside === true) return 0;
        journal.order(ticket, record.slot);
        world.watch.committed?.(process, record);
        this.isBusy = false;
        done();
        return ticket;
      }),
    );
  }
}
