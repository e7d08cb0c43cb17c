import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import type { DeputyEvent } from '../../../core/events/event.js';
import { segmentBytes } from '../../../core/journal/segment-layout.js';
import { historyLimits } from '../../history/limits.js';
import { type History, readHistory } from '../../history/read-history.js';

const segmentFile = /^\d{12}\.segment$/;
const eventFile = /^events-\d{16}\.log$/;
/** The CRC-32 in hexadecimal and a space stand before each event's JSON. */
const checksumLength = 9;

/**
 * Reads a state directory, or a copy of one, from plain files on any system; nothing is written. Errors:
 * DEPUTY_E_HISTORY_UNREADABLE, DEPUTY_E_JOURNAL_FORMAT_NEWER, DEPUTY_E_LIMIT_REACHED.
 */
export function readStateDirectory(directory: string): History {
  try {
    return readHistory(readSegments(join(directory, 'journal')), readEvents(join(directory, 'events')));
  } catch (error) {
    if (isDeputyError(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw unreadable(escapeText(message, 500), error);
  }
}

function readSegments(directory: string) {
  const names = list(directory, segmentFile);
  if (names === undefined) throw unreadable('there is no journal/ in it');
  if (names.length > historyLimits.segments) {
    const what = 'segments of one history';
    throw deputyError('DEPUTY_E_LIMIT_REACHED', { what, limit: historyLimits.segments });
  }
  return names.map((name) => {
    const path = join(directory, name);
    const { size } = statSync(path);
    if (size > segmentBytes) throw unreadable(`${name} has ${size} bytes, a segment has ${segmentBytes}`);
    return { name, bytes: readFileSync(path) };
  });
}

/** Events as the file store has them; where another store has them, the journal alone has to do. */
function readEvents(directory: string): DeputyEvent[] {
  const names = list(directory, eventFile) ?? [];
  const events: DeputyEvent[] = [];
  let total = 0;
  names.forEach((name, file) => {
    const path = join(directory, name);
    total += statSync(path).size;
    if (total > historyLimits.eventBytes) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', {
        what: 'bytes of events',
        limit: historyLimits.eventBytes,
      });
    }
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.forEach((line, index) => {
      if (line === '') return;
      const event = eventOf(line);
      if (event !== undefined) events.push(event);
      // The last line may have been cut short with its writer.
      else if (file + 1 < names.length || index + 1 < lines.length) {
        throw unreadable(`line ${index + 1} of ${name} is no event`);
      }
    });
  });
  return events;
}

function eventOf(line: string): DeputyEvent | undefined {
  try {
    return JSON.parse(line.slice(checksumLength)) as DeputyEvent;
  } catch {
    return undefined;
  }
}

function list(directory: string, form: RegExp): string[] | undefined {
  try {
    return readdirSync(directory)
      .filter((name) => form.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function unreadable(detail: string, cause?: unknown) {
  return deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail }, cause);
}
