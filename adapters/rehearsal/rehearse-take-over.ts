import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noCounts } from '../../core/engine/delegation.js';
import { createEngine } from '../../core/engine/engine.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { Policy } from '../../core/policy/schema.js';
import { silentLogger } from '../../core/ports/logger.js';
import type { AttachOptions, RequestService } from '../../core/ports/request-service.js';
import type { Strategy } from '../../core/ports/strategy.js';
import { InMemoryEventStore } from '../../core/stores/in-memory-event-store.js';
import { build } from '../host/build.js';
import { systemClock } from '../host/clock.js';
import { randomIds } from '../host/ids.js';
import { syscallName } from '../host/syscall-names.js';
import { Journal } from '../journal/journal.js';
import { findLastSegment } from '../journal/last-segment.js';
import { readOpenRecords } from '../journal/open-records.js';
import { readListenerOwners } from '../supervisor/listener-owners.js';
import { Publisher } from '../supervisor/publisher.js';

/** The first time compiles, the second finds what the first one had to load; a third one gains nothing. */
const rounds = 2;
/** Looks at the journal as it stands: often enough for the search of a segment to be compiled. */
const looks = 4;
const key = 16;

export interface TakeOverRehearsal {
  readonly stateDirectory: string;
  readonly policy: Policy;
  readonly resolved: ResolvedPolicy;
  readonly strategies: (service: RequestService) => readonly Strategy[];
  /** Aborted when targets wait for this process: what is left is left out. */
  readonly hurried: AbortSignal;
}

/**
 * Takes over from a predecessor that there never was, in a folder of its own that is removed afterwards, and
 * looks at the real journal without touching it. Nobody depends on it: where it can't be done, it isn't.
 */
export async function rehearseTakeOver(options: TakeOverRehearsal): Promise<void> {
  const { hurried } = options;
  const folder = join(options.stateDirectory, `rehearsal.${process.pid}`);
  removeLeft(options.stateDirectory);
  try {
    for (let round = 0; round < rounds && !hurried.aborted; round++) {
      await takeOver(join(folder, `${round}`), options);
      await hear();
    }
    for (let look = 0; look < looks && !hurried.aborted; look++) {
      lookAt(join(options.stateDirectory, 'journal'));
      await hear();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takeOver(directory: string, options: TakeOverRehearsal): Promise<void> {
  const { policy, resolved, strategies } = options;
  const { delegationId, tenant } = { delegationId: randomIds.next(), tenant: resolved.tenant };
  const former = begin(directory);
  former.publisher.append({
    type: 'delegation.establishing',
    delegationId,
    tenant,
    correlationId: delegationId,
    causationId: delegationId,
    data: { strategy: 'seccomp-notify' },
  });
  introduce(former.publisher, delegationId, resolved);
  await former.journal.close();
  const next = begin(directory);
  readOpenRecords(directory, next.journal.eldestOpenSegment, next.journal.firstSegment);
  const owner = readListenerOwners(directory, next.journal.firstSegment).get(key);
  const engine = createEngine({
    strategies: strategies(servesNobody(next.publisher, resolved)),
    store: new InMemoryEventStore(),
    policy,
    stateDirectory: { sequencer: next.publisher, epoch: next.journal.epoch },
    clock: systemClock(),
    ids: randomIds,
    logger: silentLogger,
  });
  await engine.adopt({
    delegationId,
    strategy: owner?.strategy ?? '',
    targets: [{ containerId: 'rehearsal', listener: -1, listenerKey: key }],
    reason: 'a rehearsal',
    inFlight: 0,
    previousEpoch: next.journal.epoch - 1,
  });
  await next.journal.close();
}

function begin(directory: string): { journal: Journal; publisher: Publisher } {
  const clock = systemClock();
  const wallClockBaseMs = clock.nowMs() - clock.monotonicUs() / 1_000;
  const journal = Journal.open({ directory, build, wallClockBaseMs, maximumSegments: 4 });
  const parts = { journal, journalDirectory: directory, node: 'rehearsal', syscallName };
  return { journal, publisher: new Publisher({ ...parts, logger: silentLogger }) };
}

function introduce(publisher: Publisher, delegationId: string, { tenant, record }: ResolvedPolicy): void {
  void publisher.introduce({ key, delegationId, tenant, record });
}

/** The service as a strategy sees it; whoever is attached to it is introduced, and never served. */
function servesNobody(publisher: Publisher, policy: ResolvedPolicy): RequestService {
  return {
    obstacle: () => Promise.resolve(undefined),
    attach: ({ delegationId, onServing }: AttachOptions) => {
      introduce(publisher, delegationId, policy);
      onServing();
      const nothing = (): void => undefined;
      return Promise.resolve({ key, setPolicy: nothing, offer: nothing, detach: () => Promise.resolve() });
    },
    inFlight: () => 0,
    counts: () => noCounts,
    settled: () => Promise.resolve(),
  };
}

/** As a successor will; what it finds is of the moment. */
function lookAt(journalDirectory: string): void {
  const last = findLastSegment(journalDirectory);
  readOpenRecords(journalDirectory, last.openFrom, last.segment + 1);
  readListenerOwners(journalDirectory, last.segment + 1);
}

/** Lets the keeper's messages in. */
function hear(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Folders of processes that were killed in the middle of it. */
function removeLeft(stateDirectory: string): void {
  for (const name of readdirSync(stateDirectory)) {
    const pid = /^rehearsal\.(\d+)$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(join(stateDirectory, name), { recursive: true, force: true });
  }
}
