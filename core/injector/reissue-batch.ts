import type { ReplyChannel } from './injection.js';
import { type ReissueRequest, reissueCode } from './reissue-protocol.js';

/** A reissue under way: what is known of all its threads together. */
export class ReissueBatch {
  /** A reissueCode for each thread of the request, in its order. */
  readonly codes: number[];
  /** Killable waits that were ended. */
  endedWaits = 0;

  constructor(
    readonly request: ReissueRequest,
    readonly channel: ReplyChannel,
    readonly token: number,
  ) {
    this.codes = request.threadIds.map(() => reissueCode.none);
  }

  /**
   * May waits be ended by notification id? Which thread an id belongs to is not known, and one without a
   * pending stop would see errno 513: so only when each thread has one, or has ended.
   */
  get mayEndWaits(): boolean {
    return this.codes.every((code) => code !== reissueCode.traced && code !== reissueCode.refused);
  }
}
