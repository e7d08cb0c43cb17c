import { errnoNumbers } from '../../core/errors/errno.js';
import type { RequestRecord } from '../../core/request/record.js';
import {
  effectMark,
  offset,
  recoveryKind,
  traceCapacity,
  traceEntryBytes,
} from '../../core/request/record-layout.js';
import { markOf } from '../../strategies/seccomp-notify/handlers/answering-steps.js';
import type { Notification } from '../kernel/filter.js';
import { flag } from '../kernel/numbers.js';
import { SocketEnd } from '../kernel/open-description.js';
import type { ModelProcess } from '../kernel/process.js';
import type { WorldWatch } from '../world/world-watch.js';

interface Added {
  readonly notification: Notification;
  readonly numbers: Set<number>;
}

/**
 * Descriptors that stay in a target, and for which nothing can be done: each takes the death of a supervisor
 * between the call that added it and the one that says its number, and
 * - an errno of the successor's own, such as EIO, by which it never comes to look for it; or
 * - a signal that ends the very call in that moment, where the wait is not killable: the successor takes the
 *   call for answered, as it can't ask; or
 * - status flags that leave none to mark it with (O_NONBLOCK beside writing or O_APPEND): nobody knows it
 *   again.
 *
 * And the socket of an injector that died, until the same thread's next call that needs one: the call that
 * it died over is made anew, and an errno of deputy's own may end that before it comes to an injector.
 */
export class KnownStrays {
  private readonly added = new Map<bigint, Added>();
  private readonly replied = new Set<bigint>();
  private readonly errnos = new Set<number>();
  private readonly known = new Map<ModelProcess, Set<number>>();
  private hasInjectorDied = false;

  /** May this number of a target's be one that its program does not know? */
  has(process: ModelProcess, number: number): boolean {
    const isSocket = process.table.at(number) instanceof SocketEnd;
    if (isSocket && this.hasInjectorDied && this.errnos.size > 0) return true;
    return this.known.get(process)?.has(number) === true;
  }

  watch(): WorldWatch {
    return {
      faulted: (fault) => {
        if (fault.kind === 'errno') this.errnos.add(-errnoNumbers[fault.errno]);
      },
      died: ({ actor }) => {
        this.hasInjectorDied ||= actor.startsWith('injector');
      },
      added: (notification, number) => {
        const one = this.added.get(notification.id) ?? { notification, numbers: new Set() };
        this.added.set(notification.id, one);
        one.numbers.add(number);
      },
      replied: ({ id }) => this.replied.add(id),
      committed: (_, record) => {
        const one = this.added.get(record.notificationId);
        if (one === undefined || record.u16(offset.formerStep) === 0 || !this.isExcused(record)) return;
        const { process } = one.notification.thread;
        this.known.set(process, new Set([...(this.known.get(process) ?? []), ...one.numbers]));
      },
    };
  }

  private isExcused(record: RequestRecord): boolean {
    if ((record.u16(offset.effectMark) & effectMark.descriptor) === 0) return false;
    const flags = record.argumentInt(2);
    const isMarkable = (flags & flag.O_PATH) !== 0 || markOf(flags) !== 0;
    const isTakenForAnswered =
      !this.replied.has(record.notificationId) &&
      record.u8(offset.recovery) === recoveryKind.none &&
      record.i32(offset.result) >= 0;
    return !isMarkable || isTakenForAnswered || this.hasFailed(record);
  }

  /** One of its steps gave an errno that was a fault. */
  private hasFailed(record: RequestRecord): boolean {
    const count = Math.min(record.u16(offset.traceCount), traceCapacity);
    for (let index = 0; index < count; index++) {
      if (this.errnos.has(record.i32(offset.trace + index * traceEntryBytes + 4))) return true;
    }
    return false;
  }
}
