import { offset, recordKind, recoveryKind, recoveryNames } from '../../core/request/record-layout.js';
import { beginRequest, takeOverRequest } from '../../core/serving/begin-request.js';
import { runStep } from '../../core/steps/run-steps.js';
import { stepEnd, stepPark } from '../../core/steps/step.js';
import { handlerOf } from '../../strategies/seccomp-notify/handlers/registry.js';
import { abi } from '../kernel/numbers.js';
import type { TraceSink } from '../runner/run-scenario.js';
import type { Call, Life, StepTaken } from './call.js';
import { formerBytes, likelyResult, makeCalls } from './call.js';
import { HistoryInjector } from './history-injector.js';
import { HistoryWorld } from './history-world.js';
import { isBareReceipt, isTakenOver, type Moment, momentsOf } from './moments.js';
import { findOpenCalls } from './open-calls.js';
import type { History } from './read-history.js';
import { RecordedKernel } from './recorded-kernel.js';
import {
  bytesOf,
  callOf,
  type RecordedRequest,
  type RecordedStep,
  recordOf,
  stepsOf,
} from './recorded-request.js';
import { RunTrace } from './run-trace.js';
import type { ListenerFacts } from './served-listeners.js';
import { servedBy } from './serving.js';

/** More steps than any request needs. */
const stepLimit = 64;
/** What a take-over takes where none was recorded. */
const takeOverUs = 30_000;

/** What comes between the recorded moments: told before each, and before each epoch's end. */
export type Interruption = (run: HistoryRun, moment: Moment) => void;

/** Runs a history again: the real handlers and recovery on ports that give back what was recorded. */
export class HistoryRun {
  readonly world: HistoryWorld;
  readonly calls: ReadonlyMap<string, Call>;
  readonly moments: ReadonlyMap<number, readonly Moment[]>;
  readonly trace: RunTrace;
  /** What went another way than recorded, step by step. */
  readonly strays: string[] = [];
  steps = 0;
  assumed = 0;
  /** Epochs that began because of a fault that was injected. */
  private addedEpochs = 0;
  private epoch = 0;
  private kernel!: RecordedKernel;
  private readonly injector: HistoryInjector;
  private readonly startUs: number;
  private nowUs = 0;
  private nextSlot = 0;

  constructor(
    readonly history: History,
    private readonly listeners: ReadonlyMap<number, ListenerFacts>,
    private readonly requests: readonly RecordedRequest[],
    sink: TraceSink | undefined,
  ) {
    this.world = new HistoryWorld(requests);
    this.injector = new HistoryInjector(this.world);
    this.calls = makeCalls(requests);
    this.moments = momentsOf(requests);
    const times = [...this.moments.values()].flatMap((list) => list.map(({ timeUs }) => timeUs));
    const known = times.filter((timeUs) => timeUs > 0);
    this.startUs = known.reduce((first, timeUs) => Math.min(first, timeUs), known[0] ?? 0);
    this.nextSlot = Math.max(0, ...requests.map(({ slot }) => slot)) + 1;
    this.trace = new RunTrace(() => this.sinceStartUs, sink);
  }

  get sinceStartUs(): number {
    return Math.max(0, Math.round(this.nowUs - this.startUs));
  }

  get supervisor(): string {
    return this.kernel.process.actor;
  }

  /** Plays all epochs; `interruption` may make it go another way. */
  play(interruption: Interruption = () => undefined): void {
    const { epochs } = this.history;
    epochs.forEach((epoch, index) => {
      this.startSupervisor(epoch, index === 0 ? 'the agent starts' : 'its predecessor is gone');
      for (const moment of this.moments.get(epoch) ?? []) {
        interruption(this, moment);
        this.perform(moment);
      }
      if (index + 1 < epochs.length) this.endEpoch(epoch);
    });
  }

  /** Nobody serves any more, and a successor goes on with what is open, by the model. */
  killSupervisor(why: string): void {
    this.trace.fault(this.supervisor, 'crash', { why });
    this.world.world.kernel.kill(this.kernel.process);
    for (const call of this.openCalls()) this.leaveToInjector(call);
    this.nowUs += takeOverUs;
    this.addedEpochs++;
    this.startSupervisor(this.epoch, 'its predecessor was killed');
    for (const call of this.openCalls()) {
      call.isModelled = true;
      const life = this.takeOver(call, undefined);
      this.finishByModel(life);
    }
  }

  /** The injector outlives its supervisor: it finishes what it has, and the call's wait is over. */
  private leaveToInjector({ lives, listener, source }: Call): void {
    const life = lives.at(-1);
    if (life?.isParked !== true || !this.injector.hasCall(life.record)) return;
    const filter = this.world.targets.get(listener)?.filter;
    const notification = filter?.notifications.get(source.notificationId);
    if (notification !== undefined) filter?.remove(notification);
  }

  /** Goes on with a call by the model alone, from where it is. */
  goOnByModel(call: Call): void {
    call.isModelled = true;
    const life = call.lives.at(-1);
    if (life !== undefined && !life.isCommitted) this.finishByModel(life);
  }

  openCalls(): Call[] {
    return findOpenCalls(this.calls);
  }

  /** One more step of a life. `forced`: what its port gives instead of what was recorded. */
  step(life: Life, expected: RecordedStep | undefined, forced?: number): void {
    const { record, handler, call } = life;
    const number = record.u16(offset.step);
    const step = handler.steps[number];
    if (step === undefined) return;
    if (life.isParked) this.injector.finish(record, call.source);
    life.isParked = false;
    const isRecorded = forced === undefined && expected !== undefined && step.act !== undefined;
    const likely = likelyResult(call, number, step.name);
    this.kernel.recorded = {
      result: forced ?? (isRecorded ? expected.result : undefined),
      likely,
      source: call.source,
    };
    this.kernel.isAssumed = false;
    const elapsedUs = expected?.elapsedUs ?? this.nowUs - record.f64(offset.receivedAtUs);
    const policy = this.facts(call).policy;
    const next = runStep(
      { record, kernel: this.kernel, seals: this.kernel.seals, policy },
      handler.steps,
      () => Math.max(0, elapsedUs),
    );
    const result = stepsOf(record).steps.at(-1)?.result ?? 0;
    const isAssumed = step.act !== undefined && this.kernel.isAssumed;
    if (step.act !== undefined) this.steps++;
    if (isAssumed) this.assumed++;
    const taken: StepTaken = {
      supervisor: this.supervisor,
      name: step.name,
      isPure: step.act === undefined,
      result,
    };
    life.taken.push({ ...taken, isAssumed, isForced: forced !== undefined });
    this.trace.step(this.supervisor, call, taken, isAssumed);
    if (next === stepPark) life.isParked = true;
    if (next === stepEnd) life.isEnded = true;
  }

  private perform({ kind, request, timeUs, step }: Moment): void {
    const call = this.calls.get(callOf(request));
    if (call === undefined || call.isModelled || call.isNever) return;
    this.nowUs = Math.max(this.nowUs, timeUs);
    if (kind === 'begin') return this.begin(call, request);
    const life = call.lives.at(-1);
    if (life === undefined) return;
    if (kind === 'commit') return this.commit(life, request);
    if (kind === 'rest') {
      for (let count = 0; count < stepLimit && !life.isEnded; count++) {
        const isLast = step !== undefined && life.record.u16(offset.step) === step.step;
        this.step(life, isLast ? step : undefined);
      }
      return;
    }
    this.stepAsRecorded(life, step as RecordedStep);
  }

  private stepAsRecorded(life: Life, expected: RecordedStep): void {
    const number = life.record.u16(offset.step);
    if (number !== expected.step || life.isEnded) {
      const name = (at: number): string => life.handler.steps[at]?.name ?? `step ${at}`;
      const where = life.isEnded ? 'its end' : name(number);
      this.strays.push(
        `${life.call.name}: ${name(expected.step)} was recorded, this build comes to ${where}`,
      );
      return this.goOnByModel(life.call);
    }
    this.step(life, expected);
    const state = life.record.u16(offset.state);
    if (state !== expected.state) {
      this.strays.push(`${life.call.name}: after step ${expected.step} state ${expected.state} was recorded`);
    }
  }

  private begin(call: Call, request: RecordedRequest): void {
    if (isTakenOver(request, call.lives.length > 0)) {
      this.takeOver(call, request);
      return;
    }
    this.world.notify(request);
    const record = this.freeRecord(request.slot, call);
    const from = request.record;
    const { notification, response } = offset;
    const bytes = from.views.u8.subarray(from.base + notification, from.base + response);
    record.views.u8.set(bytes, record.base + notification);
    this.trace.received(this.supervisor, call);
    const served = servedBy(this.kernel, this.facts(call).policy, call.listener, this.world);
    if (from.u8(offset.recovery) === recoveryKind.reissued) served.reissued.add(record.threadId);
    const life = this.addLife(call, record);
    if (isBareReceipt(request)) return;
    life.handler = beginRequest(record, served, handlerOf, abi, from.f64(offset.receivedAtUs));
  }

  private takeOver(call: Call, request: RecordedRequest | undefined): Life {
    const record = this.freeRecord(request?.slot ?? this.nextSlot++, call);
    const served = servedBy(this.kernel, this.facts(call).policy, call.listener, this.world);
    const former = formerBytes(call, request);
    if (call.lives.length === 0 && request !== undefined) this.world.notify(request);
    const life = this.addLife(call, record);
    life.handler = takeOverRequest(record, served, former, handlerOf, abi, this.nowUs);
    this.trace.takenOver(this.supervisor, call, record.u16(offset.formerStep) - 1);
    return life;
  }

  private finishByModel(life: Life): void {
    for (let count = 0; count < stepLimit && !life.isEnded; count++) this.step(life, undefined);
    this.commit(life, undefined);
  }

  private commit(life: Life, request: RecordedRequest | undefined): void {
    const { record } = life;
    record.setF64(offset.answeredAtUs, request?.record.f64(offset.answeredAtUs) ?? this.nowUs);
    record.setU32(offset.commit, 1);
    if (request?.ticket !== undefined) record.setU32(offset.ticket, request.ticket >>> 0);
    life.isCommitted = true;
    const recovery = recoveryNames[record.u8(offset.recovery)] ?? 'none';
    this.trace.finished(this.supervisor, life.call, record, recovery);
  }

  /** The end of a process as it was recorded: of what it left, the journal has the last bytes. */
  private endEpoch(epoch: number): void {
    for (const request of this.requests) {
      const call = this.calls.get(callOf(request));
      const life = call?.lives.at(-1);
      const isLeft = request.epoch === epoch && request.ticket === undefined && call?.isModelled === false;
      if (!isLeft || life === undefined || life.record.slot !== request.slot) continue;
      life.record.views.u8.set(bytesOf(request.record), life.record.base);
    }
    this.trace.fault(this.supervisor, 'crash', { recorded: true });
    this.world.world.kernel.kill(this.kernel.process);
  }

  private startSupervisor(epoch: number, why: string): void {
    this.epoch = epoch;
    const process = this.world.world.kernel.spawn(`supervisor-${epoch + this.addedEpochs}`);
    this.kernel = new RecordedKernel(this.world, process, this.injector);
    for (const { filter } of this.world.targets.values()) {
      if (filter.listener !== undefined) process.table.add(filter.listener, true);
    }
    this.trace.started(process.actor, why);
  }

  private freeRecord(slot: number, call: Call) {
    const record = recordOf(new Uint8Array(bytesOf(call.source).length), slot);
    record.setU32(offset.kind, recordKind.free);
    record.setU32(offset.listener, call.listener);
    record.setU32(offset.epoch, this.epoch + this.addedEpochs);
    return record;
  }

  private addLife(call: Call, record: Life['record']): Life {
    const handler = handlerOf(call.source, abi, this.facts(call).policy);
    const life: Life = {
      call,
      record,
      handler,
      taken: [],
      isParked: false,
      isEnded: false,
      isCommitted: false,
    };
    call.lives.push(life);
    return life;
  }

  private facts({ listener }: Call): ListenerFacts {
    return this.listeners.get(listener) as ListenerFacts;
  }
}
