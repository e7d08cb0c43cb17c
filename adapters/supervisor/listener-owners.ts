import { recordsPerSegment, segmentOf } from '../../core/journal/segment-layout.js';
import { type ListenerOwner, OwnersScan } from '../../core/publishing/owners-scan.js';
import { JournalTail } from '../journal/journal-tail.js';
import { segmentsIn } from '../journal/last-segment.js';
import { readCheckpoint } from './read-checkpoint.js';

const batchRecords = 1_024;

/**
 * Whose each listener is, as predecessors wrote into the journal before they answered its first call: the
 * word that they sent to the keeper of it may have been lost with them. Reads what no checkpoint covers, and
 * the segment before, where a delegation that is new at the checkpoint was admitted. `before`: the first
 * segment that is not a predecessor's.
 */
export function readListenerOwners(journalDirectory: string, before: number): Map<number, ListenerOwner> {
  const [eldest] = segmentsIn(journalDirectory);
  const checkpoint = readCheckpoint(journalDirectory);
  const owners = new OwnersScan();
  if (eldest === undefined) return new Map();
  for (const identity of checkpoint?.listeners ?? []) owners.know(identity);
  const isOpen = new Set(checkpoint?.streams.map(({ delegationId }) => delegationId));
  owners.keep((delegationId) => isOpen.has(delegationId));
  const from = Math.max(eldest, segmentOf(checkpoint?.position ?? 0) - 1);
  const end = before * recordsPerSegment;
  const tail = new JournalTail(journalDirectory, from * recordsPerSegment, end);
  try {
    while (tail.position < end && tail.read(owners, Math.min(batchRecords, end - tail.position)) > 0);
  } finally {
    tail.close();
  }
  return owners.known();
}
