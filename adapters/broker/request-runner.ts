import { fillBrokerRecord } from '../../core/broker/fill-record.js';
import type { BrokerCall } from '../../core/broker/messages.js';
import type { Logger } from '../../core/ports/logger.js';
import type { SealKeys } from '../../core/ports/seal-keys.js';
import { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { beginRequest, takeOverRequest } from '../../core/serving/begin-request.js';
import { answerFailed } from '../../core/serving/failed-request.js';
import type { ServedState } from '../../core/serving/served-state.js';
import type { HandlerOf } from '../../core/steps/handler.js';
import { runSteps } from '../../core/steps/run-steps.js';
import { type StepContext, stepPark } from '../../core/steps/step.js';
import type { BrokerKernel } from './broker-kernel.js';
import { CallAnswers } from './call-answers.js';
import type { Connection } from './connection.js';
import type { BrokerJournal } from './journal-writer.js';

export interface RequestRunnerParts {
  /** The number that the socket has in the journal. */
  readonly listenerKey: number;
  readonly journal: BrokerJournal;
  readonly kernel: BrokerKernel;
  readonly seals: SealKeys;
  readonly handlerOf: HandlerOf;
  readonly nowUs: () => number;
  readonly logger: Logger;
}

/**
 * Runs requests as a hot loop does: each is a record of the journal before anything is done for it, and goes
 * through its handler's steps to the end. None waits for anybody, so one is in hand at a time.
 */
export class RequestRunner {
  private readonly record = new RequestRecord();
  private readonly context: StepContext;
  private receivedAtUs = 0;
  private readonly elapsedUs: () => number;
  /** Distinguishes the requests of clients that number theirs alike. */
  private count = 0;

  constructor(private readonly parts: RequestRunnerParts) {
    const { kernel, seals, nowUs } = parts;
    this.context = { record: this.record, kernel, seals, policy: undefined as never };
    this.elapsedUs = () => nowUs() - this.receivedAtUs;
  }

  get listenerKey(): number {
    return this.parts.listenerKey;
  }

  /** Is there a free record? Nothing is received that could not be written down. */
  hasRoom(): boolean {
    return this.parts.journal.attachFree(this.record, this.listenerKey);
  }

  /** Serves a call; `descriptor` is what the client passed with it. hasRoom() was asked. */
  run(connection: Connection, call: BrokerCall, descriptor: number): void {
    const { journal, kernel, handlerOf, nowUs } = this.parts;
    const { record } = this;
    const { served, answers, peer } = connection;
    answers.begin(call);
    fillBrokerRecord(
      record,
      call,
      { processId: peer.processId, count: ++this.count, descriptor },
      kernel.abi,
    );
    journal.consume();
    this.receivedAtUs = nowUs();
    const handler = beginRequest(record, served, handlerOf, kernel.abi, this.receivedAtUs);
    this.advance(served, handler.steps);
  }

  /**
   * Ends what a predecessor left: its connection is gone, so the steps of a take-over end it in the journal.
   */
  finish(former: Uint8Array, policy: ServedState['policy']): void {
    const { journal, kernel, handlerOf, nowUs } = this.parts;
    const { record } = this;
    const answers = new CallAnswers(
      undefined,
      () => policy,
      () => false,
    );
    answers.isOpen = false;
    const listener = { key: this.listenerKey, answers };
    const served: ServedState = { listener, policy, leaving: false, former: [], reissued: new Set() };
    if (!this.hasRoom()) return;
    journal.consume();
    const handler = takeOverRequest(record, served, former, handlerOf, kernel.abi, nowUs());
    // The numbers are those of the dead process, and others' here by now.
    record.setI32(offset.sourceDescriptor, -1);
    record.setI32(offset.probeDescriptor, -1);
    this.receivedAtUs = record.f64(offset.receivedAtUs);
    this.advance(served, handler.steps);
  }

  private advance(served: ServedState, steps: Parameters<typeof runSteps>[1]): void {
    const { journal, kernel, nowUs, logger } = this.parts;
    const { record, context } = this;
    context.record = record;
    context.policy = served.policy;
    try {
      // What waits for an injector elsewhere has its outcome already.
      while (runSteps(context, steps, this.elapsedUs) === stepPark);
    } catch (error) {
      answerFailed(kernel, record);
      logger.error({ err: error, request: `${record.u32(offset.epoch)}-${record.slot}` }, 'a handler failed');
    }
    record.setF64(offset.answeredAtUs, nowUs());
    journal.commit(record);
  }
}
