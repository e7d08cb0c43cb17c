import { readFileSync, rmSync } from 'node:fs';
import type { Remedy } from '../../core/injector/injector-kernel.js';

/**
 * Hooks that only tests use, and that do nothing unless DEPUTY_TEST=1: ending the injector at a sub-step, and
 * taking a remedy away, so that a test can show that it would notice.
 */
const active = process.env['DEPUTY_TEST'] === '1';
const [crashStep, crashMoment = 'before'] = active
  ? (process.env['DEPUTY_INJECTOR_CRASH_AT'] ?? '').split(':')
  : [];
/** Names a file; the point that stands in it is where the next injector ends that gets there, once. */
const crashFile = active ? process.env['DEPUTY_INJECTOR_CRASH_FILE'] : undefined;
const pauseStep = active ? Number(process.env['DEPUTY_INJECTOR_PAUSE_AT'] ?? 0) : 0;
const pauseMs = Number(process.env['DEPUTY_INJECTOR_PAUSE_MS'] ?? 50);
const disabled = new Set(active ? (process.env['DEPUTY_INJECTOR_DISABLE'] ?? '').split(',') : []);

/** Is the remedy in place? Always, outside tests. */
export function hasRemedy(remedy: Remedy): boolean {
  return !disabled.has(remedy);
}

/**
 * Ends the injector by SIGKILL when DEPUTY_INJECTOR_CRASH_AT, or the file, names this sub-step and moment.
 */
export function crashPoint(subStep: number, moment: 'before' | 'between' | 'after'): void {
  if (crashFile !== undefined && pointIn(crashFile) === `${subStep}:${moment}`) {
    // Taken out first, so that its successor goes on.
    rmSync(crashFile);
    process.kill(process.pid, 'SIGKILL');
  }
  if (crashStep && Number(crashStep) === subStep && crashMoment === moment) {
    process.kill(process.pid, 'SIGKILL');
  }
}

function pointIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Stays in the sub-step named by DEPUTY_INJECTOR_PAUSE_AT for a while, so that a test can do things to it.
 */
export function pausePoint(subStep: number): void {
  if (pauseStep !== 0 && pauseStep === subStep) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}
