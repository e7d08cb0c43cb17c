import type { RequestRecord } from '../../core/request/record.js';
import { injectionOutcome, offset } from '../../core/request/record-layout.js';
import type { InjectionPort } from '../ports/injection-port.js';
import type { HistoryWorld } from './history-world.js';

interface Work {
  readonly kind: 'inject' | 'withdraw' | 'query';
  readonly number: number;
}

/**
 * The injector of a replayed supervisor. It outlives supervisors, so that whatever was recorded of its work
 * in any of a call's records is what it did.
 */
export class HistoryInjector implements InjectionPort {
  private readonly work = new Map<RequestRecord, Work>();

  constructor(private readonly history: HistoryWorld) {}

  submit(record: RequestRecord): number {
    this.work.set(record, { kind: 'inject', number: -1 });
    return 0;
  }

  withdraw(record: RequestRecord, _listener: unknown, _descriptor: number, number: number): number {
    this.work.set(record, { kind: 'withdraw', number });
    return 0;
  }

  query(record: RequestRecord): void {
    this.work.set(record, { kind: 'query', number: -1 });
  }

  /** Is it about to answer this record's call? */
  hasCall(record: RequestRecord): boolean {
    return this.work.get(record)?.kind === 'inject';
  }

  /** Puts the outcome into the record, as the call's last record has it. */
  finish(record: RequestRecord, source: RequestRecord): void {
    const work = this.work.get(record);
    this.work.delete(record);
    const table = this.history.targets.get(record.u32(offset.listener))?.process.table;
    if (work?.kind === 'withdraw') {
      table?.close(work.number);
      record.setU16(offset.injectionOutcome, injectionOutcome.completed);
      return;
    }
    const outcome = source.u16(offset.injectionOutcome) || injectionOutcome.completed;
    record.setU16(offset.injectionOutcome, outcome);
    record.setU16(offset.injectionSubStep, source.u16(offset.injectionSubStep));
    const filter = this.history.targets.get(record.u32(offset.listener))?.filter;
    const notification = filter?.notifications.get(record.notificationId);
    // It answers by making the call itself in the target, whose wait is over then.
    const isDone = outcome === injectionOutcome.completed;
    if (isDone && notification !== undefined) filter?.remove(notification);
    const hasResult = isDone || outcome === injectionOutcome.errno;
    if (hasResult) record.setI32(offset.result, source.i32(offset.result));
  }
}
