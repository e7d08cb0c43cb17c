import { deputyError } from '../../../core/errors/deputy-error.js';
import type { Counts } from '../../../core/events/vocabulary.js';
import type { AttachOptions, RequestService, ServedListener } from '../../../core/ports/request-service.js';
import type { ChainListener, ChainParts } from './chain-parts.js';
import type { PortCalls } from './port-calls.js';

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** Answers listeners, behind the port of both strategies that have some; no call is played here. */
export class ChainService implements RequestService {
  private nextKey = 16;
  /** Who hears of a listener's end, by its descriptor; and keys of those that are for whoever comes next. */
  private readonly hangups = new Map<number, () => void>();
  private readonly offered = new Set<number>();

  constructor(
    private readonly parts: ChainParts,
    private readonly calls: PortCalls,
  ) {}

  obstacle(): Promise<string | undefined> {
    return this.calls.call('prove-notifier', () => this.parts.machine.notifierObstacle());
  }

  /** A listener's descriptor is its place in the list. */
  async attach(options: AttachOptions): Promise<ServedListener> {
    const { descriptor, onServing, onHangup, key = this.nextKey++ } = options;
    const { calls, parts, hangups, offered } = this;
    const listener = parts.listeners[descriptor];
    await calls.call('attach', () => {
      const isServed = offered.delete(key);
      if (listener?.isOpen !== true) {
        throw isServed ? deputyError('DEPUTY_E_TARGET_GONE', { detail: 'hung up' }) : new RangeError('EBADF');
      }
      onServing();
      listener.answerer = calls.self;
      hangups.set(descriptor, onHangup);
      if (!isServed) listener.life.init.whenEnded.push(() => this.hangUp(descriptor, listener));
    });
    return {
      key,
      setPolicy: () => undefined,
      offer: () => void offered.add(key),
      detach: async () => {
        await calls.call('detach', () => listener !== undefined && closeListener(listener));
      },
    };
  }

  private hangUp(descriptor: number, listener: ChainListener): void {
    const { calls, parts, hangups } = this;
    if (!calls.isAlive || listener.answerer !== calls.self) return;
    closeListener(listener);
    parts.world.hasMicrotasks = true;
    hangups.get(descriptor)?.();
  }

  inFlight(): number {
    return 0;
  }

  counts(): Counts {
    return noCounts;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}

export function closeListener(listener: ChainListener): void {
  listener.isOpen = false;
  listener.answerer = undefined;
}
