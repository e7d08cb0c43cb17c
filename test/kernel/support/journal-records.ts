import { join } from 'node:path';
import { JournalTail } from '../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../adapters/journal/last-segment.js';
import { recordsPerSegment } from '../../../core/journal/segment-layout.js';
import { offset } from '../../../core/request/record-layout.js';

/** A request as the journal has it. */
export interface JournaledRequest {
  readonly threadId: number;
  readonly result: number;
  /** The first eight bytes of the handle that was acted on, as hexadecimal. */
  readonly handle: string;
}

/** The requests of one thread in a journal, in order. */
export function journaledRequests(stateDirectory: string, threadId: number): JournaledRequest[] {
  const directory = join(stateDirectory, 'journal');
  const [first = 0] = segmentsIn(directory);
  const tail = new JournalTail(directory, first * recordsPerSegment);
  const found: JournaledRequest[] = [];
  const sink = {
    request(record: Parameters<Parameters<typeof tail.read>[0]['request']>[0]): void {
      if (record.threadId !== threadId) return;
      const bytes = new Uint8Array(record.views.u32.buffer, record.base + offset.handleData, 8);
      const handle = Buffer.from(bytes).toString('hex');
      found.push({ threadId, result: record.i32(offset.result), handle });
    },
    event(): void {},
  };
  while (tail.read(sink, 512) > 0);
  tail.close();
  return found;
}
