import type { Counts } from '../../core/events/vocabulary.js';
import { segmentOf } from '../../core/journal/segment-layout.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { AttachOptions, RequestService, ServedListener } from '../../core/ports/request-service.js';
import { LeftRequests } from '../../core/serving/left-requests.js';
import { type CompiledPolicyData, transferPolicy } from '../../core/serving/transfer-policy.js';
import type { ModelProcess } from '../kernel/process.js';
import type { JournalWriter } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';
import type { ModelLoop } from './loop.js';
import type { LoopReport } from './loop-parts.js';
import type { ScenePublisher } from './scene-publisher.js';

const firstListenerKey = 16;
/** How long a message takes from the main thread to the loop. */
const messageUs = [5, 60] as const;

interface Attached {
  readonly key: number;
  readonly options: AttachOptions;
  policy: CompiledPolicyData;
  former: readonly Uint8Array[];
  detached?: () => void;
}

export interface ServerParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly journal: JournalWriter;
  readonly publisher: ScenePublisher;
  /** Does this setup read what predecessors left? */
  readonly readsJournal: boolean;
}

/** The main thread's side of serving: which listeners there are, and what predecessors left of each. */
export class ModelRequestServer implements RequestService {
  private readonly attached = new Map<number, Attached>();
  private readonly left = new LeftRequests();
  private nextKey = firstListenerKey;
  loop!: ModelLoop;

  constructor(private readonly parts: ServerParts) {}

  /** The epoch has begun: what is unfinished waits for the listeners that it came from. */
  begin(): void {
    const { journal, world, readsJournal } = this.parts;
    if (!readsJournal) return;
    this.left.add(world.disk.openRecords(journal.eldestOpenSegment, journal.firstSegment));
  }

  endFormer(policy: ResolvedPolicy): void {
    for (const [key, former] of this.left.endRest()) {
      this.tell(() => this.loop.attach(key, -1, transferPolicy(policy), former));
    }
  }

  formerEnded(): Promise<void> {
    return this.left.whenEnded();
  }

  obstacle(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  attach(options: AttachOptions): Promise<ServedListener> {
    const key = options.key ?? this.nextKey++;
    const policy = transferPolicy(options.policy);
    const attached: Attached = { key, options, policy, former: this.left.take(key) };
    this.attached.set(key, attached);
    const later = this.introduce(attached, options.policy);
    options.onServing();
    if (later === undefined) this.serve(attached);
    else void later.then(() => this.serve(attached));
    return Promise.resolve({
      key,
      setPolicy: (next) => {
        void this.introduce(attached, next);
        attached.policy = transferPolicy(next);
        this.tell(() => this.loop.setPolicy(key, attached.policy));
      },
      offer: () => {
        throw new RangeError('one strategy alone serves here; who takes whose place is played by the chain');
      },
      detach: () => this.detach(attached),
    });
  }

  inFlight(key: number): number {
    return this.left.countOf(key);
  }

  counts(delegationId: string): Counts {
    return this.parts.publisher.countsOf(delegationId);
  }

  settled(): Promise<void> {
    return this.parts.publisher.published(this.parts.journal.nextTicket - 1);
  }

  /** What a loop says, heard by the main thread. */
  hear(report: LoopReport): void {
    const { world, process } = this.parts;
    world.later(process, ...messageUs, () => {
      world.hasMicrotasks = true;
      const attached = this.attached.get(report.key);
      if (report.kind === 'recovered' && attached !== undefined) attached.former = [];
      if (report.kind === 'detached') {
        this.left.ended(report.key);
        attached?.detached?.();
      }
      if (report.kind === 'hangup' && attached !== undefined) this.gone(attached);
      if (report.kind === 'failed') {
        const message = report.error instanceof Error ? (report.error.stack ?? '') : String(report.error);
        world.watch.noted?.(process.actor, 'handler-failed', { message });
      }
    });
  }

  /** What a predecessor left of a listener, and no loop has in hand yet. */
  formerOf(key: number): readonly Uint8Array[] {
    return this.attached.get(key)?.former ?? [];
  }

  descriptorOf(key: number): number | undefined {
    return this.attached.get(key)?.options.descriptor;
  }

  /** Looks after the journal, now and then. */
  tend(): void {
    const { journal, publisher } = this.parts;
    journal.prepareAhead();
    publisher.writeWaiting();
    const isRecovered =
      this.left.isHandedOut && [...this.attached.values()].every(({ former }) => former.length === 0);
    if (!isRecovered) return;
    const newest = Math.max(segmentOf(journal.nextTicket), journal.firstSegment);
    journal.noteOpenFrom(Math.min(this.loop.oldestSegment(newest), newest));
  }

  private introduce(attached: Attached, policy: ResolvedPolicy): Promise<unknown> | undefined {
    const { delegationId } = attached.options;
    const { tenant, record } = policy;
    return this.parts.publisher.introduce({ key: attached.key, delegationId, tenant, record });
  }

  private serve({ key, options, policy, former }: Attached): void {
    this.tell(() => {
      if (this.attached.has(key)) this.loop.attach(key, options.descriptor, policy, former);
    });
  }

  private gone(attached: Attached): void {
    this.attached.delete(attached.key);
    this.parts.world.kernel.close(this.parts.process, attached.options.descriptor);
    this.parts.publisher.dismiss(attached.key);
    attached.detached?.();
    attached.options.onHangup();
  }

  private async detach(attached: Attached): Promise<void> {
    if (!this.attached.has(attached.key)) return;
    const done = new Promise<void>((resolve) => {
      attached.detached = resolve;
    });
    this.tell(() => this.loop.detach(attached.key));
    await done;
    if (!this.attached.delete(attached.key)) return;
    this.parts.world.kernel.close(this.parts.process, attached.options.descriptor);
    this.parts.publisher.dismiss(attached.key);
  }

  private tell(run: () => void): void {
    const { world, process } = this.parts;
    world.later(process, ...messageUs, run);
  }
}
