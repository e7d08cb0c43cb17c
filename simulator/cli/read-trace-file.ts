import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import { traceLimits } from '../trace/limits.js';
import { readTrace } from '../trace/reader.js';
import type { Trace } from '../trace/schema.js';

const pieceBytes = 1024 * 1024;
const maximumBytes = 4 * 1024 * 1024 * 1024;
const standardInput = 0;

/** Reads and checks a trace file; '-' is stdin. Errors: those of readTrace, DEPUTY_E_TRACE_UNREADABLE. */
export function readTraceFile(path: string): Trace {
  let descriptor: number;
  try {
    descriptor = path === '-' ? standardInput : openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return readTrace(linesOf(descriptor, path));
  } finally {
    if (descriptor !== standardInput) closeSync(descriptor);
  }
}

/** The lines of a file, a piece of it in memory at a time. */
function* linesOf(descriptor: number, path: string): Generator<string> {
  const decoder = new StringDecoder('utf8');
  const piece = Buffer.alloc(pieceBytes);
  let rest = '';
  for (let total = 0; ; ) {
    const bytes = readPiece(descriptor, piece, path);
    total += bytes;
    if (total > maximumBytes) throw unreadable(path, new Error(`it is larger than ${maximumBytes} bytes`));
    const lines = (rest + (bytes === 0 ? decoder.end() : decoder.write(piece.subarray(0, bytes)))).split(
      '\n',
    );
    rest = lines.pop() ?? '';
    yield* lines;
    if (bytes === 0) break;
    // The reader says what is wrong with a line that is too long.
    if (rest.length > traceLimits.lineLength) break;
  }
  if (rest !== '') yield rest;
}

function readPiece(descriptor: number, piece: Buffer, path: string): number {
  for (;;) {
    try {
      return readSync(descriptor, piece);
    } catch (error) {
      // A terminal or pipe that is stdin may be non-blocking: then there is nothing yet.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        continue;
      }
      if ((error as NodeJS.ErrnoException).code === 'EOF') return 0;
      throw unreadable(path, error);
    }
  }
}

function unreadable(path: string, error: unknown) {
  const detail = error instanceof Error ? escapeText(error.message, 500) : String(error);
  return deputyError('DEPUTY_E_TRACE_UNREADABLE', { path: escapeText(path, 256), detail }, error);
}
