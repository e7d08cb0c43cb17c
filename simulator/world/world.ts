import { errnoNumbers } from '../../core/errors/errno.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import type { Fault, Moment } from '../faults/fault-schema.js';
import { Kernel } from '../kernel/kernel.js';
import type { ModelProcess } from '../kernel/process.js';
import { ModelSealKeys } from '../ports/model-seal-keys.js';
import type { Generator } from '../random/generator.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { JournalFiles } from '../storage/journal-files.js';
import { StateHash } from './state-hash.js';
import type { StepSeen, WorldWatch } from './world-watch.js';

/** How faults reach into a step that is under way. */
export interface Interference {
  /** The port's call is made, and then its process is gone. */
  readonly diesInside: boolean;
  /** Minus an errno that the port gives instead of making the call. */
  readonly errno: number | undefined;
}

/** A step's work: its result, for traces and the hash. */
export type Work = (interference: Interference | undefined) => number;

/** Does to the world what a fault says. */
export type ApplyFault = (fault: Fault, at: ModelProcess | undefined) => void;

/** The world of one run: its time, its kernel, its disk, and the gate that every step goes through. */
export class World {
  readonly scheduler = new Scheduler();
  readonly kernel: Kernel;
  readonly disk = new JournalFiles();
  readonly hash = new StateHash();
  /** The keys that seal handles, as every supervisor has them. */
  readonly sealKeys = new ModelSealKeys();
  /** Steps of all actors so far: each is a point at which something can go wrong. */
  points = 0;
  /** Calls of ports by real code of strategies. */
  steps = 0;
  applyFault: ApplyFault = () => undefined;
  /** Promises may have been settled: microtasks are drained before the next event. */
  hasMicrotasks = false;
  /** Chains of promises that wait for nothing but their turn: drained to their end. */
  asyncWork = 0;
  /** Somebody writes a trace: names are worth making. */
  isTraced = false;
  /** What the wall clock is ahead of virtual time. */
  wallClockBaseMs = 1_767_225_600_000;

  constructor(
    readonly random: Generator,
    readonly watch: WorldWatch,
    readonly plan: FaultPlan,
  ) {
    this.kernel = new Kernel(this.scheduler, random.fork('kernel'), watch);
  }

  get nowUs(): number {
    return this.scheduler.nowUs;
  }

  /** Has a process go on after a time of its own, drawn between two bounds. */
  later(process: ModelProcess | undefined, fromUs: number, toUs: number, run: () => void): void {
    this.scheduler.after(this.random.between(fromUs, toUs), process, run);
  }

  /**
   * One step of a process: a point where it can die, hang, or be failed. The work says what follows by
   * itself; it isn't called when the process is gone before it.
   */
  step(process: ModelProcess, kind: string, name: string, request: string | null, work: Work): void {
    const seen: StepSeen = { point: this.points++, process, kind, name, request };
    if (this.plan.isQuiet) return this.finish(seen, work(undefined));
    const due = this.plan.at(seen);
    if (due.length === 0) return this.finish(seen, work(undefined));
    this.underFaults(seen, due, work);
  }

  /** As step(), for a process that does not wait in between: the work's result; undefined when it died. */
  stepAtOnce(process: ModelProcess, kind: string, name: string, request: string | null, work: Work) {
    const seen: StepSeen = { point: this.points++, process, kind, name, request };
    const due = this.plan.isQuiet ? [] : this.plan.at(seen);
    for (const fault of due) if (momentOf(fault) === 'before') this.apply(fault, process);
    if (!process.alive) return undefined;
    const errno = due.find((fault) => fault.kind === 'errno');
    if (errno !== undefined) this.apply(errno, process);
    const result = work(errno === undefined ? undefined : { diesInside: false, errno: errnoOf(errno) });
    this.finish(seen, result);
    for (const fault of due) if ((momentOf(fault) ?? 'before') !== 'before') this.apply(fault, process);
    return process.alive ? result : undefined;
  }

  private underFaults(seen: StepSeen, due: readonly Fault[], work: Work): void {
    const { process } = seen;
    const at = (moment: Moment): Fault[] => due.filter((fault) => momentOf(fault) === moment);
    for (const fault of at('before')) this.apply(fault, process);
    if (!process.alive) return;
    const slow = due.find((fault) => fault.kind === 'slow');
    const errno = due.find((fault) => fault.kind === 'errno');
    // They act on this step alone, and whoever watches is told of them as of any other.
    for (const fault of [slow, errno]) if (fault !== undefined) this.apply(fault, process);
    const run = (): void => {
      const inside = at('inside');
      // Whoever is named may be somebody else, whose death does not end this step.
      const diesInside = inside.some((fault) => fault.kind === 'crash' && fault.actor === undefined);
      const result = work({ diesInside, errno: errno === undefined ? undefined : errnoOf(errno) });
      for (const fault of [...inside, ...at('after')]) this.apply(fault, process);
      this.finish(seen, result);
    };
    const isHeld = process.heldUntilUs > this.nowUs;
    if (slow !== undefined && slow.kind === 'slow') this.scheduler.after(slow.byUs, process, run);
    else if (isHeld) this.scheduler.after(0, process, run);
    else run();
  }

  apply(fault: Fault, process: ModelProcess | undefined): void {
    this.watch.faulted?.(fault, process);
    this.hash.text(fault.kind);
    this.applyFault(fault, process);
  }

  private finish(seen: StepSeen, result: number): void {
    this.hash.number(this.nowUs).text(seen.process.actor).text(seen.name).number(result);
    this.watch.stepped?.(seen, result);
  }
}

function momentOf(fault: Fault): Moment | undefined {
  if (fault.kind === 'slow' || fault.kind === 'errno') return undefined;
  return 'moment' in fault ? fault.moment : 'before';
}

function errnoOf(fault: Fault): number | undefined {
  return fault.kind === 'errno' ? -errnoNumbers[fault.errno] : undefined;
}
