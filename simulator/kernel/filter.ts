import type { Generator } from '../random/generator.js';
import { flag, no } from './numbers.js';
import { OpenDescription, OpenFile } from './open-description.js';
import type { ModelThread } from './process.js';

export type NotificationState = 'init' | 'sent' | 'replied';

/** What a supervisor answered (struct seccomp_notif_resp). */
export interface Response {
  readonly value: number;
  /** 0, or minus an errno. */
  readonly error: number;
  readonly isContinue: boolean;
}

/** One call in the notifier (seccomp_unotify(2)). */
export class Notification {
  state: NotificationState = 'init';
  response: Response | undefined;

  constructor(
    readonly id: bigint,
    readonly filter: Filter,
    readonly thread: ModelThread,
    readonly number: number,
    readonly instructionPointer: number,
    readonly values: readonly number[],
    /** Counts the calls of the program; a re-issued call has its first one's number. */
    readonly callNumber: number,
  ) {}
}

/** The listener's open file description; the filter is lost with the last descriptor of it. */
export class ListenerEnd extends OpenDescription {
  readonly kind = 'listener';
  readonly statusFlags = flag.O_RDWR;

  constructor(readonly filter: Filter) {
    super();
  }

  protected override released(): void {
    this.filter.detach();
  }
}

/** What a filter tells those who model what happens around it. */
export interface FilterHooks {
  replied(notification: Notification): void;
  added(notification: Notification, number: number, source: OpenDescription): void;
}

/** A seccomp filter with a listener: the calls that wait in it, by id. */
export class Filter {
  readonly notifications = new Map<bigint, Notification>();
  /** Undefined once nobody holds it. */
  listener: ListenerEnd | undefined = new ListenerEnd(this);
  /** Who polls: called when there is something to receive, or nothing more will come. */
  readonly watchers = new Set<() => void>();
  /** Calls that it leaves to the kernel although it notifies of their number: opens with O_DIRECTORY, say. */
  leaves: (number: number, values: readonly number[]) => boolean = () => false;
  /** Processes under the filter. */
  users = 0;
  /** Calls that came and were not received: RECV waits until there are some, answered meanwhile or not. */
  private requests = 0;
  private nextId: bigint;

  constructor(
    readonly key: string,
    /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
    readonly isKillable: boolean,
    readonly numbers: ReadonlySet<number>,
    random: Generator,
    private readonly hooks: FilterHooks,
  ) {
    // Ids begin anywhere, so that nobody takes them for small numbers.
    this.nextId = (1n << 63n) | (BigInt(random.next() >>> 1) << 32n) | BigInt(random.next());
  }

  /** A thread makes a call that the filter notifies of. Undefined: nobody listens, and it gets ENOSYS. */
  notify(
    thread: ModelThread,
    number: number,
    instructionPointer: number,
    values: readonly number[],
    call: number,
  ) {
    if (this.listener === undefined) return undefined;
    const id = this.nextId;
    this.nextId = BigInt.asUintN(64, id + 1n);
    const notification = new Notification(id, this, thread, number, instructionPointer, values, call);
    this.notifications.set(id, notification);
    this.requests++;
    this.wakeWatchers();
    return notification;
  }

  /** SECCOMP_IOCTL_NOTIF_RECV, for who has polled: the eldest call that nobody has received. */
  receive(): Notification | undefined {
    for (const notification of this.notifications.values()) {
      if (notification.state !== 'init') continue;
      notification.state = 'sent';
      this.requests = Math.max(0, this.requests - 1);
      return notification;
    }
    return undefined;
  }

  /** RECV for who has not polled: the call, -ENOENT for one that went meanwhile; undefined: it would wait. */
  receiveAnyway(): Notification | number | undefined {
    const notification = this.receive();
    if (notification !== undefined) return notification;
    if (this.requests === 0 && !this.hasHungUp) return undefined;
    this.requests = Math.max(0, this.requests - 1);
    return no('ENOENT');
  }

  /** A copy that faulted puts the call back, and whoever waits is woken. */
  putBack(notification: Notification): void {
    if (this.notifications.get(notification.id) !== notification) return;
    notification.state = 'init';
    this.requests++;
  }

  /** SECCOMP_IOCTL_NOTIF_ID_VALID: 0 or -ENOENT. */
  check(id: bigint): number {
    return this.notifications.get(id)?.state === 'sent' ? 0 : no('ENOENT');
  }

  /** SECCOMP_IOCTL_NOTIF_SEND: 0, -ENOENT, or -EINPROGRESS when it is answered already. */
  send(id: bigint, response: Response): number {
    const notification = this.notifications.get(id);
    if (notification === undefined) return no('ENOENT');
    if (notification.state !== 'sent') return no('EINPROGRESS');
    notification.state = 'replied';
    notification.response = response;
    this.hooks.replied(notification);
    return 0;
  }

  /**
   * SECCOMP_IOCTL_NOTIF_ADDFD: the number in the caller's table. `setNumber` is SECCOMP_ADDFD_FLAG_SETFD,
   * `answers` SECCOMP_ADDFD_FLAG_SEND. The kernel takes the source with fget(), which knows no O_PATH
   * descriptors.
   */
  addDescriptor(
    id: bigint,
    source: OpenDescription | undefined,
    closeOnExec: boolean,
    setNumber?: number,
    answers = false,
  ): number {
    if (source === undefined || (source instanceof OpenFile && source.pathOnly)) return no('EBADF');
    const notification = this.notifications.get(id);
    if (notification === undefined) return no('ENOENT');
    if (notification.state !== 'sent') return no('EINPROGRESS');
    const { table } = notification.thread;
    if (setNumber !== undefined && setNumber >= table.limit) return no('EBADF');
    let number = setNumber ?? -1;
    if (setNumber === undefined) number = table.add(source, closeOnExec);
    else table.put(setNumber, source, closeOnExec);
    if (number < 0) return number;
    this.hooks.added(notification, number, source);
    if (answers) this.send(id, { value: number, error: 0, isContinue: false });
    return number;
  }

  /** The call is over: answered and gone on, interrupted, or its thread is dead. */
  remove(notification: Notification): void {
    this.notifications.delete(notification.id);
  }

  /** The last descriptor of the listener is closed: all that wait get ENOSYS, and so does all that comes. */
  detach(): void {
    this.listener = undefined;
    for (const notification of this.notifications.values()) {
      if (notification.state === 'replied') continue;
      notification.state = 'replied';
      notification.response = { value: 0, error: no('ENOSYS'), isContinue: false };
      this.hooks.replied(notification);
    }
  }

  /** One process fewer is under the filter; with the last one the listener hangs up (POLLHUP). */
  leave(): void {
    this.users--;
    if (this.users === 0) this.wakeWatchers();
  }

  get hasHungUp(): boolean {
    return this.users === 0;
  }

  /** POLLIN: is there a call that nobody has received? */
  get isReadable(): boolean {
    for (const { state } of this.notifications.values()) if (state === 'init') return true;
    return false;
  }

  /** POLLOUT: is there a call that was received and not answered? */
  get hasReceived(): boolean {
    for (const { state } of this.notifications.values()) if (state === 'sent') return true;
    return false;
  }

  /** Does the thread's wait end for a signal that is not fatal? */
  isInterruptible({ state }: Notification): boolean {
    return state !== 'replied' && !(this.isKillable && state === 'sent');
  }

  private wakeWatchers(): void {
    for (const watcher of this.watchers) watcher();
  }
}
