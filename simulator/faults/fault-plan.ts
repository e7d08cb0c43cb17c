import type { Generator } from '../random/generator.js';
import type { Fault, FaultTrigger } from './fault-schema.js';

interface Armed {
  readonly fault: Fault;
  readonly trigger: FaultTrigger;
  /** Times that it may still happen. */
  left: number;
  /** Times that its step is still passed over. */
  skips: number;
}

/** A step that is about to be made. */
export interface Place {
  readonly point: number;
  /** Kind of the actor. */
  readonly kind: string;
  readonly name: string;
}

/** Which faults happen when. Times are the runner's to schedule; all others are asked for at each point. */
export class FaultPlan {
  private armed: Armed[] = [];
  private firedCount = 0;

  constructor(
    faults: readonly Fault[],
    private readonly random: Generator,
  ) {
    for (const fault of faults) this.arm(fault);
  }

  /** Faults that happen at a time, for whoever has the clock. */
  timed(): { readonly fault: Fault; readonly atUs: number }[] {
    return this.armed.flatMap(({ fault, trigger }) =>
      'atUs' in trigger ? [{ fault, atUs: trigger.atUs }] : [],
    );
  }

  /** How many have happened. */
  get fired(): number {
    return this.firedCount;
  }

  noteFired(): void {
    this.firedCount++;
  }

  /** May anything still happen at a point? Asked often, so that runs without faults pay nothing. */
  get isQuiet(): boolean {
    return this.stepTriggers.length === 0;
  }

  private stepTriggers: Armed[] = [];

  /** The faults of a point, once each. */
  at(place: Place): Fault[] {
    const due: Fault[] = [];
    for (const armed of this.stepTriggers) {
      if (!this.isDue(armed, place)) continue;
      armed.left--;
      this.firedCount++;
      due.push(armed.fault);
    }
    if (due.length > 0) this.stepTriggers = this.stepTriggers.filter(({ left }) => left > 0);
    return due;
  }

  private arm(fault: Fault): void {
    const trigger = fault.when;
    const left = 'probability' in trigger ? trigger.limit : 1;
    const skips = 'step' in trigger ? trigger.occurrence - 1 : 0;
    const armed = { fault, trigger, left, skips };
    this.armed.push(armed);
    if (!('atUs' in trigger)) this.stepTriggers.push(armed);
  }

  private isDue(armed: Armed, { point, kind, name }: Place): boolean {
    const { trigger } = armed;
    if ('point' in trigger) return trigger.point === point;
    if ('atUs' in trigger) return false;
    if (trigger.by !== undefined && trigger.by !== kind) return false;
    if ('probability' in trigger) return this.random.chance(trigger.probability);
    if (trigger.step !== name) return false;
    return armed.skips-- <= 0;
  }
}
