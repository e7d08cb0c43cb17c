import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { minus } from './errno.js';
import type { Thread } from './tasks.js';

/** A system call as a thread makes it. Arguments are registers: 64 bits, negative numbers sign-extended. */
export interface SystemCall {
  readonly number: number;
  readonly arguments: readonly (number | bigint)[];
  /** AUDIT_ARCH_*; the native one if not given. */
  readonly architecture?: number;
}

/** seccomp_unotify(2): INIT until received, SENT until answered, REPLIED until the thread runs again. */
export type NotificationState = 'INIT' | 'SENT' | 'REPLIED';

export interface Notification {
  readonly id: bigint;
  readonly thread: Thread;
  readonly call: SystemCall;
  state: NotificationState;
}

/** An answer that a listener took. */
export interface Answer {
  readonly id: bigint;
  readonly threadId: number;
  readonly way: 'send' | 'addfd' | 'continue' | 'inject';
  readonly value: number;
}

/** The notifier of one filter. */
export class Notifier {
  readonly answers: Answer[] = [];
  /** Answered threads wait to be scheduled until `schedule()`: the moment in which a state is REPLIED. */
  holdReplies = false;
  private readonly pending = new Map<bigint, Notification>();

  constructor(
    readonly key: number,
    readonly nativeArchitecture: number,
    private nextId: bigint,
  ) {}

  /** A thread makes a call that the filter sends here. */
  arrive(thread: Thread, call: SystemCall): Notification {
    const notification: Notification = { id: this.nextId++, thread, call, state: 'INIT' };
    this.pending.set(notification.id, notification);
    return notification;
  }

  /** SECCOMP_IOCTL_NOTIF_RECV into the record: 0, or -ENOENT where the kernel would block. */
  receive(record: RequestRecord, visible = true): number {
    const next = [...this.pending.values()].find(({ state }) => state === 'INIT');
    if (next === undefined) return minus.ENOENT;
    next.state = 'SENT';
    const { u32, u64 } = record.views;
    u64[(record.base + offset.notificationId) >> 3] = next.id;
    record.setU32(offset.threadId, visible ? next.thread.id : 0);
    u32[(record.base + offset.syscallNumber) >> 2] = next.call.number >>> 0;
    record.setU32(offset.auditArchitecture, next.call.architecture ?? this.nativeArchitecture);
    for (let index = 0; index < 6; index++) {
      const value = BigInt.asUintN(64, BigInt(next.call.arguments[index] ?? 0));
      u64[(record.base + offset.arguments + index * 8) >> 3] = value;
    }
    return 0;
  }

  /** SECCOMP_IOCTL_NOTIF_ID_VALID. */
  check(id: bigint): number {
    return this.pending.get(id)?.state === 'SENT' ? 0 : minus.ENOENT;
  }

  find(id: bigint): Notification | undefined {
    return this.pending.get(id);
  }

  /** What an answer's ioctl says before it does anything: 0, -ENOENT or -EINPROGRESS. */
  answerable(id: bigint): number {
    const notification = this.pending.get(id);
    if (notification === undefined) return minus.ENOENT;
    return notification.state === 'SENT' ? 0 : minus.EINPROGRESS;
  }

  /** Gives a thread its answer. The caller has asked `answerable()`. */
  answer(id: bigint, way: Answer['way'], value: number): void {
    const notification = this.pending.get(id) as Notification;
    notification.state = 'REPLIED';
    const { thread } = notification;
    this.answers.push({ id, threadId: thread.id, way, value });
    thread.outcomes.push(way === 'continue' ? { kind: 'continued' } : { kind: 'returned', value });
    if (!this.holdReplies) this.pending.delete(id);
  }

  /** Answered threads run. */
  schedule(): void {
    for (const [id, { state }] of [...this.pending]) if (state === 'REPLIED') this.pending.delete(id);
  }

  /** A signal ends the wait of a thread that was not answered yet. */
  interrupt(thread: Thread): void {
    this.end(thread, 'interrupted');
  }

  /** SIGKILL. */
  kill(thread: Thread): void {
    thread.alive = false;
    this.end(thread, 'killed');
  }

  /** Stop and continue without WAIT_KILLABLE_RECV: the same call again, under the next id. */
  reissue(thread: Thread): void {
    for (const { id, call, state } of [...this.pending.values()].filter((one) => one.thread === thread)) {
      if (state === 'REPLIED') continue;
      this.pending.delete(id);
      this.arrive(thread, call);
    }
  }

  /** Calls that wait for an answer. */
  get waiting(): number {
    return [...this.pending.values()].filter(({ state }) => state !== 'REPLIED').length;
  }

  private end(thread: Thread, kind: 'interrupted' | 'killed'): void {
    for (const [id, notification] of [...this.pending]) {
      if (notification.thread !== thread || notification.state === 'REPLIED') continue;
      this.pending.delete(id);
      thread.outcomes.push({ kind });
    }
  }
}
