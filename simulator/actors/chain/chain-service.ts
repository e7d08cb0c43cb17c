import type { Counts } from '../../../core/events/vocabulary.js';
import type { AttachOptions, RequestService, ServedListener } from '../../../core/ports/request-service.js';
import type { ChainListener, ChainParts } from './chain-parts.js';
import type { PortCalls } from './port-calls.js';

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** Answers listeners, behind the port of both strategies that have some; no call is played here. */
export class ChainService implements RequestService {
  private nextKey = 16;

  constructor(
    private readonly parts: ChainParts,
    private readonly calls: PortCalls,
  ) {}

  obstacle(): Promise<string | undefined> {
    return this.calls.call('prove-notifier', () => this.parts.machine.notifierObstacle());
  }

  /** A listener's descriptor is its place in the list. */
  async attach({ descriptor, onServing, onHangup }: AttachOptions): Promise<ServedListener> {
    const { calls, parts } = this;
    const listener = parts.listeners[descriptor];
    await calls.call('attach', () => {
      if (listener?.isOpen !== true) throw new RangeError('EBADF');
      onServing();
      listener.answerer = calls.self;
    });
    listener?.life.init.whenEnded.push(() => {
      if (!calls.isAlive || listener.answerer !== calls.self) return;
      closeListener(listener);
      parts.world.hasMicrotasks = true;
      onHangup();
    });
    return {
      key: this.nextKey++,
      setPolicy: () => undefined,
      detach: () => calls.call('detach', () => listener !== undefined && closeListener(listener)),
    } as ServedListener;
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
