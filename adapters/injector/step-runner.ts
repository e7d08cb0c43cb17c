import { concludeGone } from '../../core/injector/attach-steps.js';
import type { InjectorEnvironment } from '../../core/injector/environment.js';
import { type Injection, place } from '../../core/injector/injection.js';
import type { InjectionRunner } from '../../core/injector/runner.js';
import { DONE } from '../../core/injector/sub-steps.js';
import { subStepEntry } from '../../core/injector/table.js';
import { systemCall } from '../linux/native.js';
import { hasEnded, pollThread, sleepUs } from '../linux/wait.js';
import { crashPoint, pausePoint } from './test-hooks.js';

/** How long a thread that is waited for is looked at without sleeping. */
const spinRounds = 200;
const shortestSleepUs = 20;
const longestSleepUs = 1000;

/** Runs the sub-steps of injections, and waits for their threads' stops within a given time. */
export class StepRunner implements InjectionRunner {
  constructor(private readonly environment: InjectorEnvironment) {}

  /** Runs sub-steps from this one on: WAIT when the thread's next stop must come first, or DONE. */
  advance(injection: Injection, from: number): number {
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

  /** Waits for stops and acts on them: true at the end, false when the time is up. */
  follow(injection: Injection, budgetMs: number): boolean {
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

  /** Gives the processor to the target first, which may share it with us; then sleeps, longer each time. */
  pause(rounds: number): void {
    if (rounds < spinRounds) {
      systemCall('sched_yield');
      return;
    }
    sleepUs(Math.min(shortestSleepUs * 2 ** Math.min(rounds - spinRounds, 10), longestSleepUs));
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
}
