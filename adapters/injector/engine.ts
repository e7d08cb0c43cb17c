import { sendWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { hasEnded, pollThread, sleepUs } from '../linux/wait.js';
import { closeAll, concludeGone } from './attach-steps.js';
import type { InjectorEnvironment } from './environment.js';
import { Injection, place } from './injection.js';
import { beginPacket, packetBytes, packetType, replyField, replyOutcome, replyReason } from './protocol.js';
import { DONE, subStep } from './sub-steps.js';
import { subStepEntry } from './table.js';
import { crashPoint, pausePoint } from './test-hooks.js';

/**
 * Injections that may wait for a thread that doesn't stop (in a frozen cgroup, say), besides the current one.
 */
const maximumParked = 64;
/** How long the others wait for one thread before it is parked. */
const parkAfterMs = 20;
/** How long a parked one is looked after once its thread has stopped. */
const spinRounds = 200;
const shortestSleepUs = 20;
const longestSleepUs = 1000;
const EIO = -5;

/**
 * Runs injections one after the other: at most one is inside its window, besides those whose thread doesn't
 * stop, which are parked and looked at now and then. Nothing here waits without limit.
 */
export class InjectionEngine {
  private readonly parked: Injection[] = [];
  private readonly free: Injection[] = [];
  private readonly scratch: NativeMemory = allocate(4096);

  constructor(private readonly environment: InjectorEnvironment) {}

  get parkedCount(): number {
    return this.parked.length;
  }

  /** A record for the next request: the packet is to be received at its memory's start. */
  take(): Injection {
    return this.free.pop() ?? new Injection();
  }

  /** Gives back a record that take() gave and run() didn't get. */
  giveBack(injection: Injection): void {
    this.free.push(injection);
  }

  /** Runs an injection to its end, or parks it. */
  run(injection: Injection): void {
    const earlier = this.parked.find((other) => other.threadId === injection.threadId);
    const admitted = earlier ? this.takeOver(earlier, injection) : this.parked.length < maximumParked;
    if (!admitted) {
      injection.conclude(replyOutcome.refused, EIO, replyReason.timeout);
      this.finish(injection);
      return;
    }
    const next = this.advance(injection, subStep.queue);
    if (next === DONE || this.follow(injection, parkAfterMs)) this.finish(injection);
    else this.park(injection);
  }

  /** Looks once at each parked injection. */
  pollParked(): void {
    for (const injection of [...this.parked]) {
      if (!this.look(injection) && !this.follow(injection, 0)) continue;
      this.parked.splice(this.parked.indexOf(injection), 1);
      this.finish(injection);
    }
  }

  /**
   * A thread that we still trace for an earlier call, which needs nothing any more, is in a new call already:
   * the tracing passes to the new injection.
   */
  private takeOver(earlier: Injection, injection: Injection): boolean {
    if (earlier.subStep !== subStep.letGo) return false;
    this.parked.splice(this.parked.indexOf(earlier), 1);
    this.finish(earlier);
    injection.attached = true;
    return true;
  }

  private park(injection: Injection): void {
    if (injection.outcome !== 0) this.reply(injection);
    this.parked.push(injection);
  }

  /** Waits for stops and acts on them: true at the end, false when the time is up. */
  private follow(injection: Injection, budgetMs: number): boolean {
    const deadlineMs = performance.now() + budgetMs;
    let rounds = 0;
    for (;;) {
      const status = this.poll(injection);
      if (status === undefined) {
        if (performance.now() >= deadlineMs) return false;
        this.pause(rounds++);
        continue;
      }
      rounds = 0;
      if (this.act(injection, status)) return true;
    }
  }

  private look(injection: Injection): boolean {
    const status = this.poll(injection);
    return status !== undefined && this.act(injection, status);
  }

  /** The thread's new status, 'ended', or undefined when there is none. */
  private poll(injection: Injection): number | 'ended' | undefined {
    const result = pollThread(injection.threadId, injection.at(place.waitStatus));
    if (result === 0) return undefined;
    if (result < 0) return 'ended';
    const status = injection.memory.i32[place.waitStatus >> 2] as number;
    return hasEnded(status) ? 'ended' : status;
  }

  private act(injection: Injection, status: number | 'ended'): boolean {
    if (status === 'ended') {
      concludeGone(injection);
      return true;
    }
    const next = subStepEntry(injection.subStep).stopped?.(injection, status);
    return next !== undefined && this.advance(injection, next) === DONE;
  }

  private advance(injection: Injection, from: number): number {
    let next = from;
    while (next >= 0) {
      injection.subStep = next;
      crashPoint(next, 'before');
      pausePoint(next);
      next = subStepEntry(injection.subStep).begin(injection, this.environment);
      crashPoint(injection.subStep, 'after');
    }
    return next;
  }

  /** Gives the processor to the target first, which may share it with us; then sleeps, longer each time. */
  private pause(rounds: number): void {
    if (rounds < spinRounds) {
      systemCall('sched_yield');
      return;
    }
    sleepUs(Math.min(shortestSleepUs * 2 ** Math.min(rounds - spinRounds, 10), longestSleepUs));
  }

  private finish(injection: Injection): void {
    closeAll(injection);
    this.environment.scoreboard.clear(injection.scoreboardSlot);
    this.reply(injection);
    this.free.push(injection);
  }

  /** A reply that nobody takes is dropped: whoever asks next about this call sees that it is answered. */
  private reply(injection: Injection): void {
    if (injection.replied) return;
    injection.replied = true;
    if (injection.channel.descriptor < 0) return;
    const at = 0;
    const { u32, i32, address } = this.scratch;
    beginPacket(u32, at, packetBytes.reply, packetType.reply, injection.token);
    i32[(at + replyField.result) >> 2] = injection.result;
    u32[(at + replyField.outcome) >> 2] = injection.outcome;
    u32[(at + replyField.subStep) >> 2] = injection.subStep;
    u32[(at + replyField.reason) >> 2] = injection.reason;
    u32[(at + replyField.notes) >> 2] = injection.notes;
    const endedAtMs = injection.endedAtMs || performance.now();
    u32[(at + replyField.durationUs) >> 2] = Math.round((endedAtMs - injection.startedAtMs) * 1000);
    sendWithDescriptors(injection.channel.descriptor, address + at, packetBytes.reply, []);
  }
}
