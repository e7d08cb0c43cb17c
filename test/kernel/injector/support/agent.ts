import { setImmediate, setTimeout } from 'node:timers/promises';
import { InjectionChannel } from '../../../../adapters/injector/client.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { readThreadMemory } from '../../../../adapters/linux/ptrace-memory.js';
import { notifyCommand, receiveNotification } from '../../../../adapters/linux/seccomp.js';
import { createReply, type InjectionReply, replyOutcome } from '../../../../core/injector/protocol.js';
import { getWord, putWord } from '../../../../core/injector/ptrace-words.js';

const POLLIN = 1;
const POLLHUP = 16;
const EAGAIN = -11;
const EPIPE = -32;
const O_PATH = 0o10000000;
const O_NOFOLLOW = 0o400000;
const O_CLOEXEC = 0o2000000;
const place = { notification: 0, handle: 128, response: 384, poll: 512, timeout: 560 } as const;

/** What happened to the calls that an agent took. */
export interface AgentCounts {
  requests: number;
  readonly outcomes: Record<number, number>;
  readonly durationsUs: number[];
  readonly replies: InjectionReply[];
}

/** How an agent differs from the plain one. */
export interface AgentOptions {
  /** Extra bits for each request's flags. */
  readonly flags?: number;
  /** Called with each notification's thread before the request goes out. */
  readonly beforeRequest?: (threadId: number) => void;
  /** True loses the notification, as a supervisor does whose record is gone. */
  readonly loses?: (threadId: number, notificationId: bigint) => boolean;
  /** Opens the channel of the injector to go on with when the first has ended. */
  readonly nextLoop?: () => Promise<number>;
  /** Checked now and then: true ends the agent. */
  readonly until?: () => boolean;
}

/**
 * The smallest agent: it takes a notification, copies the handle, opens it O_PATH through its own descriptor
 * on the mount, and lets the injector do the rest. Runs until the target is gone.
 */
export class MinimalAgent {
  readonly counts: AgentCounts = { requests: 0, outcomes: {}, durationsUs: [], replies: [] };
  private readonly memory = allocate(4096);
  private channel: InjectionChannel;
  private hungUp = false;
  private injectorEnded = false;
  private changed = false;

  constructor(
    private readonly listener: number,
    private readonly mount: number,
    loop: number,
    private readonly options: AgentOptions = {},
  ) {
    this.channel = new InjectionChannel(loop);
  }

  async run(): Promise<AgentCounts> {
    while (!this.hungUp && !this.options.until?.()) {
      const rounds = this.options.loses ? 1 : 50;
      for (let round = 0; round < rounds && !this.hungUp && !this.injectorEnded; round++) this.serve();
      if (this.injectorEnded && !(await this.changeInjector())) break;
      await setImmediate();
    }
    await this.takeLastReplies();
    return this.counts;
  }

  /** The target can end before the injector's last word about it arrives. */
  private async takeLastReplies(): Promise<void> {
    const isComplete = (): boolean => this.counts.durationsUs.length === this.counts.requests;
    for (let tries = 0; tries < 1000 && !isComplete() && !this.injectorEnded; tries++) {
      await setTimeout(2);
      this.takeReply();
    }
  }

  private serve(): void {
    const { memory } = this;
    const at = place.poll;
    memory.i32[at >> 2] = this.listener;
    memory.i32[(at >> 2) + 1] = POLLIN;
    memory.i32[(at >> 2) + 2] = this.channel.descriptor;
    memory.i32[(at >> 2) + 3] = POLLIN;
    putWord(memory, place.timeout, 0);
    putWord(memory, place.timeout + 8, 1_000_000);
    if (systemCall('ppoll', memory.address + at, 2, memory.address + place.timeout, 0, 0) <= 0) return;
    const listenerEvents = memory.u16[(at >> 1) + 3] as number;
    if ((memory.u16[(at >> 1) + 7] as number) !== 0) this.takeReply();
    if ((listenerEvents & POLLIN) !== 0) this.takeNotification();
    else if ((listenerEvents & POLLHUP) !== 0) this.hungUp = true;
  }

  private takeNotification(): void {
    const { memory, listener } = this;
    memory.u8.fill(0, 0, 384);
    if (receiveNotification(listener, memory.address) < 0) return;
    const threadId = memory.i32[2] as number;
    if (this.options.loses?.(threadId, memory.u64[0] as bigint)) {
      memory.u64[0] = 0n;
      return;
    }
    const copied = readThreadMemory(threadId, getWord(memory, 40), memory.address + place.handle, 136);
    if (copied !== 136 || systemCall('ioctl', listener, notifyCommand.ID_VALID, memory.address) < 0) return;
    this.ask();
  }

  /** Asks the injector about the notification that stands in memory. */
  private ask(): void {
    const { memory, listener } = this;
    const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const source = systemCall('open_by_handle_at', this.mount, memory.address + place.handle, flags);
    if (source < 0) throw new Error(`open_by_handle_at: ${source}`);
    this.options.beforeRequest?.(memory.i32[2] as number);
    const closeOnExec = (getWord(memory, 48) & O_CLOEXEC) !== 0 ? 1 : 0;
    const sent = this.channel.request(
      this.counts.requests++,
      closeOnExec | (this.options.flags ?? 0),
      { words: memory.u32, at: place.notification },
      { words: memory.u32, at: place.handle },
      listener,
      source,
    );
    systemCall('close', source);
    if (sent < 0 && sent !== EPIPE) throw new Error(`request: ${sent}`);
  }

  private takeReply(): void {
    const reply = createReply();
    const result = this.channel.receive(reply);
    if (result === EAGAIN) return;
    if (result < 0) {
      this.injectorEnded = true;
      return;
    }
    const { outcomes } = this.counts;
    outcomes[reply.outcome] = (outcomes[reply.outcome] ?? 0) + 1;
    this.counts.durationsUs.push(reply.durationUs);
    if (this.counts.replies.length < 100) this.counts.replies.push(reply);
    if (reply.outcome === replyOutcome.refused) this.answerErrno(reply);
  }

  /** What was in flight is asked for again if it still waits; else the kernel has made the call new. */
  private async changeInjector(): Promise<boolean> {
    const { memory, listener } = this;
    if (this.changed || !this.options.nextLoop) return false;
    this.channel = new InjectionChannel(await this.options.nextLoop());
    this.changed = true;
    this.injectorEnded = false;
    this.counts.requests = this.counts.durationsUs.length;
    if (systemCall('ioctl', listener, notifyCommand.ID_VALID, memory.address) === 0) this.ask();
    return true;
  }

  /** Only one request is in flight in tests that get refusals, so its id still stands in memory. */
  private answerErrno(reply: InjectionReply): void {
    const { memory, listener } = this;
    memory.u8.copyWithin(place.response, 0, 8);
    putWord(memory, place.response + 8, 0);
    memory.i32[(place.response + 16) >> 2] = reply.result;
    memory.u32[(place.response + 20) >> 2] = 0;
    systemCall('ioctl', listener, notifyCommand.SEND, memory.address + place.response);
  }
}
