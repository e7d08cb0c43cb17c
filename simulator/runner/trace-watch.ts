import type { Notification } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Scheduler } from '../scheduler/scheduler.js';
import type { EntryDraft } from '../trace/writer.js';
import type { WorldWatch } from '../world/world-watch.js';

/**
 * Writes what happens as entries of a trace. An entry's cause is the one during whose event this one's event
 * was asked for, or the entry before it in the same event. Requests are renamed by their first appearance.
 */
export class TraceWatch {
  private sequence = 0;
  private readonly requests = new Map<string, string>();

  constructor(
    private readonly scheduler: () => Scheduler,
    private readonly sink: (entry: EntryDraft) => void,
  ) {}

  watch(): WorldWatch {
    return {
      ...this.kernelWatch(),
      stepped: ({ point, process, kind, name, request }, result) =>
        this.write(process.actor, 'step', name, { point, kind, result }, request),
      faulted: (fault, process) =>
        this.write(process?.actor ?? 'scheduler', 'fault', fault.kind, { ...fault }, null),
      opened: (process, record, file, flags) =>
        this.write(process.actor, 'call', 'open', { file: file.name, flags }, hex(record.notificationId)),
      stored: (event, position) =>
        this.write('event-store', 'event', event.type, { position, id: event.id, data: event.data }, null),
      storeLost: ({ length }) => this.write('event-store', 'fault', 'lost-suffix', { events: length }, null),
      noted: (actor, name, detail) => this.write(actor, 'note', name, detail, null),
    };
  }

  /** An invariant is broken: the entry that says so. */
  violated(invariant: string, sentence: string, detail: Readonly<Record<string, unknown>>): number {
    this.write('scheduler', 'violation', invariant, { sentence, ...detail }, null);
    return this.sequence - 1;
  }

  private kernelWatch(): WorldWatch {
    return {
      spawned: (process) => this.announce(process),
      died: ({ actor, processId }) =>
        this.write(actor, 'state', 'process', { alive: false, processId }, null),
      called: (thread, { number, values }) => this.write(thread.actor, 'call', `${number}`, { values }, null),
      notified: (notification) => this.notification(notification, 'notified'),
      interrupted: (notification) => this.notification(notification, 'interrupted'),
      replied: (notification) => {
        const { thread, response } = notification;
        this.write(
          'kernel',
          'answer',
          'replied',
          { thread: thread.actor, ...response },
          hex(notification.id),
        );
      },
      added: (notification, number, source) =>
        this.write(
          'kernel',
          'completion',
          'descriptor-added',
          added(notification, number, source.kind),
          hex(notification.id),
        ),
      returned: (thread, { number }, result) =>
        this.write(thread.actor, 'completion', `${number}`, { result }, null),
      signalled: (process, signal) => this.write(process.actor, 'signal', `${signal}`, {}, null),
    };
  }

  private announce(process: ModelProcess): void {
    const kind = /^(supervisor|keeper|injector)/.exec(process.actor)?.[0] ?? 'target';
    this.write(process.actor, 'actor', 'started', { kind, label: process.actor }, null);
  }

  private notification({ id, thread, number, values }: Notification, name: string): void {
    this.write('kernel', 'notification', name, { thread: thread.actor, number, values }, hex(id));
  }

  private write(
    actor: string,
    type: EntryDraft['type'],
    name: string,
    detail: Readonly<Record<string, unknown>>,
    request: string | null,
  ): void {
    const scheduler = this.scheduler();
    this.sink({
      timeUs: scheduler.nowUs,
      actor,
      type,
      name,
      detail: detail as Record<string, unknown>,
      cause: scheduler.cause,
      request: request === null ? null : this.rename(request),
    });
    scheduler.cause = this.sequence++;
  }

  private rename(request: string): string {
    const known = this.requests.get(request);
    if (known !== undefined) return known;
    const name = `r${this.requests.size + 1}`;
    this.requests.set(request, name);
    return name;
  }
}

function hex(id: bigint): string {
  return id.toString(16);
}

function added({ thread }: Notification, number: number, kind: string): Record<string, unknown> {
  return { thread: thread.actor, number, kind };
}
