import { recordsPerSegment, segmentBytes } from '../../core/journal/segment-layout.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { transferPolicy } from '../../core/serving/transfer-policy.js';
import type { SharedCounters } from '../journal/shared-counters.js';
import { allocate, replaceWithAnonymous } from '../linux/memory.js';
import { rehearsalKey } from './listener-keys.js';
import type { LoopHandle } from './loop-handle.js';
import type { LoopReport } from './loop-messages.js';

export interface StageOptions {
  /** The listener, which stays the caller's. */
  readonly descriptor: number;
  readonly policy: ResolvedPolicy;
  /** Records of requests that a predecessor left. */
  readonly former: readonly Uint8Array[];
}

const stageSegment = 1;

/** A loop at work before it is its turn: on a listener of a rehearsal, with memory for a journal. */
export class RehearsalStage {
  private readonly address = allocate(segmentBytes).address;
  private readonly ended: Promise<void>;
  private resolve: () => void = () => undefined;

  constructor(
    private readonly loop: LoopHandle,
    counters: SharedCounters,
    { descriptor, policy, former }: StageOptions,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolve = resolve;
    });
    counters.start(stageSegment * recordsPerSegment);
    loop.begin(0, stageSegment, [{ segment: stageSegment, address: this.address }]);
    loop.send({ kind: 'attach', key: rehearsalKey, descriptor, policy: transferPolicy(policy), former });
  }

  /** A loop's report; this one's listener may hang up before it is detached. */
  hear(report: LoopReport): void {
    const isEnd = report.kind === 'hangup' || report.kind === 'detached';
    if (isEnd && report.key === rehearsalKey) this.resolve();
  }

  async detach(): Promise<void> {
    this.loop.send({ kind: 'detach', key: rehearsalKey });
    await this.ended;
    replaceWithAnonymous(this.address, segmentBytes);
  }
}
