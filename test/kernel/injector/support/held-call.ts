import { setTimeout } from 'node:timers/promises';
import { InjectionChannel } from '../../../../adapters/injector/client.js';
import { allocate, type NativeMemory } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { readThreadMemory } from '../../../../adapters/linux/ptrace-memory.js';
import { notifyCommand, receiveNotification } from '../../../../adapters/linux/seccomp.js';
import { createReply, type InjectionReply } from '../../../../core/injector/protocol.js';
import { getWord } from '../../../../core/injector/ptrace-words.js';
import type { TestInjector } from './session.js';
import type { Target } from './target.js';

const handleAt = 128;
const pathFlags = 0o12400000;
const O_CLOEXEC = 0o2000000;
const EAGAIN = -11;

/** One call of a target, received and held, so that a test can ask for it as often as it likes. */
export interface HeldCall {
  readonly memory: NativeMemory;
  readonly threadId: number;
  readonly id: bigint;
  isValid(): boolean;
}

/** Receives the target's next call; waits for it. */
export function holdCall(target: Target): HeldCall {
  const memory = allocate(4096);
  const result = receiveNotification(target.listener, memory.address);
  if (result < 0) throw new Error(`RECV: ${result}`);
  const threadId = memory.i32[2] as number;
  readThreadMemory(threadId, getWord(memory, 40), memory.address + handleAt, 136);
  const isValid = (): boolean =>
    systemCall('ioctl', target.listener, notifyCommand.ID_VALID, memory.address) === 0;
  return { memory, threadId, id: memory.u64[0] as bigint, isValid };
}

/** A supervisor's channel, as a test uses it. */
export class TestChannel {
  private readonly channel: InjectionChannel;
  private token = 0;

  constructor(injector: TestInjector) {
    this.channel = new InjectionChannel(injector.control.openLoop());
  }

  /** Asks for the injection: the token. */
  request(target: Target, { memory }: HeldCall, flags = 0): number {
    const source = systemCall('open_by_handle_at', target.mount, memory.address + handleAt, pathFlags);
    if (source < 0) throw new Error(`open_by_handle_at: ${source}`);
    const closeOnExec = (getWord(memory, 48) & O_CLOEXEC) !== 0 ? 1 : 0;
    const notification = { words: memory.u32, at: 0 };
    const handle = { words: memory.u32, at: handleAt };
    const { listener } = target;
    this.channel.request(++this.token, flags | closeOnExec, notification, handle, listener, source);
    systemCall('close', source);
    return this.token;
  }

  /** Asks what became of it, with the id changed by `shift`: the token. */
  query({ memory }: HeldCall, shift = 0n): number {
    const words = memory.u32.slice(0, 20);
    new BigUint64Array(words.buffer)[0] = (memory.u64[0] as bigint) + shift;
    this.channel.query(++this.token, { words, at: 0 });
    return this.token;
  }

  /** The next reply, or undefined when none comes within `limitMs` or the injector has ended. */
  async reply(limitMs = 5_000): Promise<InjectionReply | undefined> {
    const reply = createReply();
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 2) {
      const result = this.channel.receive(reply);
      if (result === 1) return reply;
      if (result !== EAGAIN) return undefined;
      await setTimeout(2);
    }
    return undefined;
  }

  close(): void {
    systemCall('close', this.channel.descriptor);
  }
}
