import type { Counts } from '../../core/events/vocabulary.js';
import type { Sequencer } from '../../core/ports/sequencer.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import { syscall } from '../kernel/numbers.js';

/** What a supervisor needs of its publisher. */
export interface ScenePublisher extends Sequencer {
  /** Starts following, once the epoch has begun. */
  start(): void;
  countsOf(delegationId: string): Counts;
  /** Says whose a listener is: undefined when that stands there, else when it will. */
  introduce(identity: ListenerIdentity): Promise<unknown> | undefined;
  dismiss(key: number): void;
  /** Writes what had to wait for room in the journal. */
  writeWaiting(): void;
  /** Is everything that was written down in the store? */
  readonly isIdle: boolean;
}

export function syscallName(number: number): string {
  return number === syscall.openByHandleAt ? 'open_by_handle_at' : 'name_to_handle_at';
}
