import { openFileEventStore } from '../../adapters/event-store/index.js';
import { Journal } from '../../adapters/journal/journal.js';
import { MappedSegments } from '../../adapters/journal/mapped-segments.js';
import { Publisher } from '../../adapters/supervisor/publisher.js';
import type { EventType } from '../../core/events/registry.js';
import { requestState } from '../../core/machines/request-life.js';
import { silentLogger } from '../../core/ports/logger.js';
import { RequestRecord } from '../../core/request/record.js';
import { offset, recordKind } from '../../core/request/record-layout.js';

/** Publishes requests of one delegation for as long as it is left alone: DIRECTORY/journal and /events. */
const directory = process.argv[2] as string;
const key = 16;
const journal = Journal.open({
  directory: `${directory}/journal`,
  build: 'test',
  wallClockBaseMs: 1_700_000_000_000,
  maximumSegments: 1_000,
});
const publisher = new Publisher({
  journal,
  journalDirectory: `${directory}/journal`,
  node: 'node',
  syscallName: () => 'open_by_handle_at',
  logger: silentLogger,
});
const store = await openFileEventStore({ directory: `${directory}/events` });
const id = 'endless';
const append = (type: EventType, data: unknown): void => {
  const draft = { type, delegationId: id, tenant: 'blue', correlationId: id, causationId: id, data };
  publisher.append(draft as Parameters<Publisher['append']>[0]);
};
if (journal.epoch === 1) {
  append('delegation.requested', { strategy: 'auto', target: { containerId: 'vm' } });
  append('delegation.assessed', { chosen: 'seccomp-notify', candidates: [] });
  append('delegation.admitted', {
    strategy: 'seccomp-notify',
    tenantSource: 'policy',
    policy: {},
    policyDigest: '0123456789abcdef',
    enforced: [],
  });
  append('delegation.establishing', { strategy: 'seccomp-notify' });
}
publisher.introduce({ key, delegationId: id, tenant: 'blue', record: 'each' });
const writer = new MappedSegments(journal.counters, journal.epoch);
const known = new Set<number>();
const record = new RequestRecord();

function commitOne(): void {
  journal.prepareAhead();
  for (const { segment, address } of journal.segments()) {
    if (!known.has(segment)) writer.add(segment, address);
    known.add(segment);
  }
  if (!writer.attachFree(record, key)) return;
  record.setU32(offset.kind, recordKind.request);
  record.setU16(offset.state, requestState.answered);
  writer.consume();
  writer.commit(record);
}

if (journal.epoch > 1) append('delegation.recovering', { reason: 'the former one was killed' });
const counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
append('delegation.active', { strategy: 'seccomp-notify', counts, durationUs: 1 });
await publisher.start(store);
process.stdout.write('publishing\n');
void publisher.published(journal.counters.nextTicket - 1).then(() => process.stdout.write('published\n'));
for (let round = 0; ; round++) {
  for (let index = 0; index < 1 + (round % 40); index++) commitOne();
  await new Promise((resolve) => setTimeout(resolve, round % 3));
}
