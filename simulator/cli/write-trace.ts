import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import { type RecordedRun, recordRun } from '../runner/record-run.js';
import type { RunPlan } from '../runner/run-plan.js';
import { buildIdentity } from './library/build-identity.js';

const pieceLength = 256 * 1024;

/** Runs a plan and writes its trace to a file, whose directory is made. Errors: DEPUTY_E_USAGE. */
export async function writeTrace(path: string, plan: RunPlan, reproduce: string): Promise<RecordedRun> {
  const file = openFile(path);
  let piece = '';
  try {
    const recorded = await recordRun(plan, { build: buildIdentity(), reproduce }, (line) => {
      piece += `${line}\n`;
      if (piece.length < pieceLength) return;
      writeSync(file, piece);
      piece = '';
    });
    writeSync(file, piece);
    return recorded;
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'w');
  } catch (error) {
    const message = error instanceof Error ? escapeText(error.message, 500) : String(error);
    const detail = `${escapeText(path, 256)} cannot be written: ${message}`;
    throw deputyError('DEPUTY_E_USAGE', { detail }, error);
  }
}
