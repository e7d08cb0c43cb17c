import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';

/** A segment of the store: a file that is named for the position of its first event. */
export interface Segment {
  readonly firstPosition: number;
  readonly path: string;
  /** Says which streams are in a segment that is closed; only a shortcut, it can be made again. */
  readonly indexPath: string;
}

const segmentName = /^events-(\d{16})\.log$/;

/** The segment whose first event has this position. */
export function segmentAt(directory: string, firstPosition: number): Segment {
  const stem = join(directory, `events-${String(firstPosition).padStart(16, '0')}`);
  return { firstPosition, path: `${stem}.log`, indexPath: `${stem}.index` };
}

/** The segments that are there now, the oldest first. Throws DEPUTY_E_STATE_DIRECTORY_MISSING. */
export function listSegments(directory: string): Segment[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => segmentName.exec(name)?.[1] ?? [])
      .sort()
      .map((digits) => segmentAt(directory, Number(digits)));
  } catch (error) {
    throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: directory }, error);
  }
}
