import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileEventStore } from '../../../../adapters/event-store/index.js';
import { JournalTail } from '../../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../../adapters/journal/last-segment.js';
import { recordsPerSegment } from '../../../../core/journal/segment-layout.js';
import { offset, traceCapacity, traceEntryBytes } from '../../../../core/request/record-layout.js';
import type { Handler } from '../../../../core/steps/handler.js';
import type { AgentProcess } from '../../../lab/agent-process.js';
import { sleep } from './agent-tree.js';

const eventWaitMs = 20_000;
const lastSegments = 4;

/** How one call ended, as its event says. */
export interface CallEvent {
  readonly type: string;
  readonly recovery: string;
  readonly way: string | undefined;
}

/** Where crash points are armed: the file that DEPUTY_CRASH_FILE names, in a directory of its own. */
export class CrashFile {
  private readonly directory = mkdtempSync(join(tmpdir(), 'deputy-crash-'));
  readonly path = join(this.directory, 'points');

  constructor() {
    // Loops act with their targets' ids.
    chmodSync(this.directory, 0o777);
  }

  /** The next supervisors die here, one after the other. */
  arm(points: readonly string[]): void {
    writeFileSync(`${this.path}.new`, points.join('\n'));
    chmodSync(`${this.path}.new`, 0o666);
    renameSync(`${this.path}.new`, this.path);
  }

  /** Points that nobody has passed. */
  get left(): string[] {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n').filter(Boolean) : [];
  }

  disarm(): void {
    rmSync(this.path, { force: true });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Reads a container's requests from the event store, one call after the other. */
export class CallEvents {
  private delegationId: string | undefined;
  private version = 0;

  constructor(
    private readonly agent: AgentProcess,
    private readonly container: string,
  ) {}

  /** Events of requests since the last call; waits for one. More than one is more than a call should have. */
  async next(): Promise<CallEvent[]> {
    const deadline = performance.now() + eventWaitMs;
    for (;;) {
      const found = await this.read();
      if (found.length > 0) return found;
      if (performance.now() > deadline) throw new Error(`no event of ${this.container} came`);
      await sleep(15);
    }
  }

  /** Leaves out so many: those of calls that are no test's. */
  async skip(count: number): Promise<void> {
    for (let seen = 0; seen < count; ) seen += (await this.next()).length;
  }

  private async read(): Promise<CallEvent[]> {
    const directory = join(this.agent.stateDirectory, 'events');
    // Requests are answered before the store is open.
    if (!existsSync(directory)) return [];
    const store = await openFileEventStore({ directory, readOnly: true });
    const found: CallEvent[] = [];
    try {
      this.delegationId ??= await this.find(store.readAll());
      if (this.delegationId === undefined) return found;
      for await (const { event } of store.readStream(this.delegationId, { fromVersion: this.version + 1 })) {
        this.version = event.version;
        if (!event.type.startsWith('request.')) continue;
        const { recovery, way } = event.data as { recovery: string; way?: string };
        found.push({ type: event.type, recovery, way });
      }
    } finally {
      await store.close();
    }
    return found;
  }

  private async find(
    events: AsyncIterable<{ event: { type: string; delegationId: string; data: object } }>,
  ): Promise<string | undefined> {
    for await (const { event } of events) {
      const { target } = event.data as { target?: { containerId?: string } };
      if (event.type === 'delegation.requested' && target?.containerId === this.container) {
        return event.delegationId;
      }
    }
    return undefined;
  }
}

/** The steps of a thread's last finished request, by name, as the journal has them. */
export function lastTrace(stateDirectory: string, threadId: number, handler: Handler): string[] {
  const directory = join(stateDirectory, 'journal');
  // A successor begins in a segment of its own; what ended last stands in the last ones.
  const segments = segmentsIn(directory).slice(-lastSegments);
  const end = ((segments.at(-1) ?? 0) + 1) * recordsPerSegment;
  const tail = new JournalTail(directory, (segments[0] ?? 0) * recordsPerSegment, end);
  let names: string[] = [];
  const sink = {
    request(record: Parameters<Parameters<typeof tail.read>[0]['request']>[0]): void {
      if (record.threadId !== threadId) return;
      const count = Math.min(record.u16(offset.traceCount), traceCapacity);
      names = Array.from({ length: count }, (_, index) => {
        const step = record.u8(offset.trace + index * traceEntryBytes);
        return handler.steps[step]?.name ?? `${step}`;
      });
    },
    event(): void {},
  };
  while (tail.position < end) tail.read(sink, 512);
  tail.close();
  return names;
}

/** What a process's table of descriptors holds, number by number. */
export function tableOf(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory)
    .map((name) => `${name} ${linkOf(join(directory, name))}`)
    .sort();
}

/** Threads that go on open and close while one looks. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '(gone)';
  }
}

/** Has a process ended? Its parent may not have heard of it yet. */
export function isDead(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}
