import { isDeputyError } from '../../core/errors/deputy-error.js';
import { terminalJson } from '../show/safe-json.js';
import { exitCode } from './exit-codes.js';

/** Writes lines to stdout in large pieces: a long trace is many lines. */
export function printLines(lines: Iterable<string>): void {
  const pieceLength = 64 * 1024;
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < pieceLength) continue;
    process.stdout.write(piece);
    piece = '';
  }
  if (piece !== '') process.stdout.write(piece);
}

/** Writes one JSON document to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${terminalJson(value)}\n`);
}

/** Says on stderr what happened and what to do. */
export function printError(error: unknown): void {
  const text = isDeputyError(error)
    ? `${error.code}: ${error.message}\n  ${error.remedy}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`deputy-sim: ${text}\n`);
}

/** Coded errors are about what was handed in; anything else is a failure of the program itself. */
export function exitCodeOf(error: unknown): number {
  return isDeputyError(error) ? exitCode.usage : exitCode.broken;
}
