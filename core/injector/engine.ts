import { closeAll } from './attach-steps.js';
import type { InjectorEnvironment } from './environment.js';
import { Injection, type ReplyChannel } from './injection.js';
import { replyNote, replyOutcome, replyReason } from './protocol.js';
import { Reissue } from './reissue.js';
import type { ReissueRequest } from './reissue-protocol.js';
import { Replies } from './replies.js';
import type { InjectionRunner } from './runner.js';
import { DONE, subStep } from './sub-steps.js';

/**
 * Injections that may wait for a thread that doesn't stop (in a frozen cgroup, say), besides the current one.
 */
const maximumParked = 64;
/** How long the others wait for one thread before it is parked. */
const parkAfterMs = 20;
const EIO = -5;

/**
 * Runs injections one after the other: at most one is inside its window, besides those whose thread doesn't
 * stop, which are parked and looked at now and then. Nothing here waits without limit.
 */
export class InjectionEngine {
  private readonly parked: Injection[] = [];
  /** Those whose thread another one is parked for: two calls of it that are over may leave one each. */
  private readonly waiting: Injection[] = [];
  private readonly free: Injection[] = [];
  private readonly replies: Replies;
  private readonly reissues: Reissue;

  constructor(
    private readonly environment: InjectorEnvironment,
    private readonly runner: InjectionRunner,
  ) {
    this.replies = new Replies(environment.kernel);
    this.reissues = new Reissue(runner, this, environment.kernel);
  }

  get parkedCount(): number {
    return this.parked.length;
  }

  /** A record for the next request: the packet is to be received at its memory's start. */
  take(): Injection {
    return this.free.pop() ?? new Injection(this.environment.kernel);
  }

  /** Gives back a record that take() gave and run() didn't get. */
  giveBack(injection: Injection): void {
    this.free.push(injection);
  }

  /** Runs an injection to its end, or parks it. One that was asked for before is not begun again. */
  run(injection: Injection): void {
    if (this.isAnsweredOrJoined(injection)) return;
    const { threadId } = injection;
    const earlier = this.findParked(threadId);
    const isTaken = earlier !== undefined && this.takeOver(earlier, injection);
    if (!isTaken && this.countParked(false) >= maximumParked) {
      injection.conclude(replyOutcome.refused, EIO, replyReason.timeout);
      this.finish(injection);
      return;
    }
    if (earlier !== undefined && !isTaken) {
      this.waiting.push(injection);
      return;
    }
    const next = this.runner.advance(injection, subStep.queue);
    if (next === DONE || this.runner.follow(injection, parkAfterMs)) this.finishAndGoOn(injection);
    else this.park(injection);
  }

  /** Tells what became of a notification, or that nothing is known of it. */
  tell(query: Injection): void {
    if (this.isAnsweredOrJoined(query)) return;
    query.isRemembered = false;
    query.conclude(replyOutcome.unknown);
    this.finish(query);
  }

  /** Has the kernel make the calls of these threads anew, and tells what became of each. */
  reissue(holder: Injection, request: ReissueRequest, channel: ReplyChannel, token: number): void {
    this.replies.sendReissue(this.reissues.run(holder, request, channel, token), 0);
    this.finish(holder);
  }

  /** Looks once at each parked injection. */
  pollParked(): void {
    for (const injection of [...this.parked]) {
      if (!this.runner.follow(injection, 0)) continue;
      this.parked.splice(this.parked.indexOf(injection), 1);
      this.finishAndGoOn(injection);
    }
  }

  /** Its thread is free for what has waited for that. */
  private finishAndGoOn(injection: Injection): void {
    const { threadId } = injection;
    this.finish(injection);
    const at = this.waiting.findIndex((one) => one.threadId === threadId);
    const [next] = at < 0 ? [] : this.waiting.splice(at, 1);
    if (next !== undefined) this.run(next);
  }

  /** What waits for this thread's next stop. */
  findParked(threadId: number): Injection | undefined {
    return this.parked.find((other) => other.threadId === threadId);
  }

  /** How many wait, of injections or of the threads of reissues. */
  countParked(reissued: boolean): number {
    const parked = this.parked.filter(({ batch }) => (batch !== undefined) === reissued).length;
    return reissued ? parked : parked + this.waiting.length;
  }

  /**
   * A thread that we still trace for an earlier call, which needs nothing any more, is in a new call already:
   * the tracing passes to the new injection.
   */
  takeOver(earlier: Injection, injection: Injection): boolean {
    if (earlier.subStep !== subStep.letGo && earlier.subStep !== subStep.interruptBlocked) return false;
    this.parked.splice(this.parked.indexOf(earlier), 1);
    this.finish(earlier);
    injection.attached = true;
    return true;
  }

  park(injection: Injection): void {
    if (injection.outcome !== 0) this.announce(injection);
    this.parked.push(injection);
  }

  finish(injection: Injection): void {
    closeAll(injection);
    this.environment.scoreboard.clear(injection.scoreboardSlot);
    if (injection.closedLeft) this.environment.scoreboard.forgetLeft(injection.threadId);
    this.announce(injection);
    this.free.push(injection);
  }

  /**
   * Asking again is safe: what is under way tells the new asker too when it ends, and what has ended is told
   * again, without touching the target.
   */
  private isAnsweredOrJoined(injection: Injection): boolean {
    const underWay = [...this.parked, ...this.waiting].find((other) => other.isSameAs(injection));
    if (underWay) {
      for (const asker of injection.askers) {
        if (underWay.replied) this.replies.sendTo(asker, underWay);
        else underWay.addAsker(asker.channel, asker.token);
      }
      injection.askers.length = 0;
      injection.isRemembered = false;
      this.finish(injection);
      return true;
    }
    const known = this.environment.scoreboard.outcomes.find(injection);
    if (known === undefined) return false;
    injection.isRemembered = false;
    injection.conclude(known.outcome, known.result, known.reason);
    injection.subStep = known.subStep;
    injection.notes = known.notes | replyNote.remembered;
    this.finish(injection);
    return true;
  }

  /** Written down first, so that nobody is told what a successor wouldn't be. */
  private announce(injection: Injection): void {
    this.environment.scoreboard.outcomes.conclude(injection);
    this.replies.send(injection);
  }
}
