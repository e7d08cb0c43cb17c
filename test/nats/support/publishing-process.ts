import { join } from 'node:path';
import { openJetStreamStore } from '../../../adapters/nats/index.js';
import { Publisher } from '../../../adapters/supervisor/publisher.js';
import type { EventType } from '../../../core/events/registry.js';
import { requestState } from '../../../core/machines/request-life.js';
import { type Logger, silentLogger } from '../../../core/ports/logger.js';
import type { PublishedStore } from '../../../core/publishing/published-store.js';
import type { LabNatsServer } from '../../lab/nats-server.js';
import { CrashingJournal } from '../../support/crashing-journal.js';

const counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
const key = 16;

/** One epoch of a journal and its publisher to a stream, in this process. */
export class PublishingProcess {
  codes: readonly string[] = [];
  private committed = 0;

  private constructor(
    private readonly crashing: CrashingJournal,
    readonly publisher: Publisher,
    readonly store: PublishedStore,
  ) {}

  static async start(
    server: Pick<LabNatsServer, 'url'>,
    stateDirectory: string,
    node: string,
    replicas = 1,
    record: 'each' | 'failures' | 'summary' = 'each',
  ) {
    const journalDirectory = join(stateDirectory, 'journal');
    const crashing = new CrashingJournal(journalDirectory, 2);
    const { journal } = crashing;
    const codes: string[] = [];
    const say = (bindings: Readonly<Record<string, unknown>>): void => void codes.push(`${bindings['code']}`);
    const logger: Logger = { ...silentLogger, error: say, child: () => logger };
    const syscallName = (): string => 'open_by_handle_at';
    const publisher = new Publisher({ journal, journalDirectory, node, syscallName, logger });
    const writer = { id: '0123456789abcdef', epoch: journal.epoch };
    const store = await openJetStreamStore({
      url: server.url,
      node,
      writer,
      stream: { replicas },
      onState: (state, error) => publisher.noteState(state, error),
    });
    const process = new PublishingProcess(crashing, publisher, store);
    process.codes = codes;
    if (journal.epoch === 1) process.begin();
    else process.append('delegation.recovering', { reason: 'the former one was killed' });
    publisher.introduce({ key, delegationId: 'one', tenant: 'blue', record });
    process.append('delegation.active', { strategy: 'seccomp-notify', counts, durationUs: 1 });
    await publisher.start(store);
    return process;
  }

  append(type: EventType, data: unknown): number {
    const id = 'one';
    const draft = { type, delegationId: id, tenant: 'blue', correlationId: id, causationId: id, data };
    return this.publisher.append(draft as Parameters<Publisher['append']>[0]);
  }

  /** So many requests are answered, and published. */
  async requests(count: number, isPublished = true): Promise<void> {
    for (let index = 0; index < count; index++) {
      const record = this.crashing.receive(index, key, BigInt(++this.committed));
      this.crashing.begin(record, requestState.answered);
      this.crashing.commit(index, record);
      if (index % 500 === 499) {
        this.crashing.tend();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    this.crashing.journal.counters.announce();
    if (isPublished) await this.published();
  }

  published(): Promise<void> {
    return this.publisher.published(this.crashing.journal.counters.nextTicket - 1);
  }

  /** The end of the process, with or without a word. */
  async end(how: 'stop' | 'crash'): Promise<void> {
    if (how === 'stop') await this.publisher.stop();
    await this.store.close();
    if (how === 'crash') void this.publisher.stop().catch(() => undefined);
    this.crashing.crash();
  }

  private begin(): void {
    this.append('delegation.requested', { strategy: 'auto', target: { containerId: 'vm' } });
    this.append('delegation.assessed', { chosen: 'seccomp-notify', candidates: [] });
    this.append('delegation.admitted', {
      strategy: 'seccomp-notify',
      tenantSource: 'policy',
      policy: {},
      policyDigest: '0123456789abcdef',
      enforced: [],
    });
    this.append('delegation.establishing', { strategy: 'seccomp-notify' });
  }
}
