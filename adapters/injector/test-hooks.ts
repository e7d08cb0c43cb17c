/**
 * Hooks that only tests use, and that do nothing unless DEPUTY_TEST=1: ending the injector at a sub-step, and
 * taking a remedy away, so that a test can show that it would notice.
 */
const active = process.env['DEPUTY_TEST'] === '1';
const [crashStep, crashMoment = 'before'] = active
  ? (process.env['DEPUTY_INJECTOR_CRASH_AT'] ?? '').split(':')
  : [];
const pauseStep = active ? Number(process.env['DEPUTY_INJECTOR_PAUSE_AT'] ?? 0) : 0;
const pauseMs = Number(process.env['DEPUTY_INJECTOR_PAUSE_MS'] ?? 50);
const disabled = new Set(active ? (process.env['DEPUTY_INJECTOR_DISABLE'] ?? '').split(',') : []);

/** The remedies that a test can take away. */
export type Remedy = 'suspend' | 'sigmask' | 'exitkill' | 'dup3' | 'stopsfirst';

/** Is the remedy in place? Always, outside tests. */
export function hasRemedy(remedy: Remedy): boolean {
  return !disabled.has(remedy);
}

/** Ends the injector by SIGKILL when DEPUTY_INJECTOR_CRASH_AT names this sub-step and moment. */
export function crashPoint(subStep: number, moment: 'before' | 'between' | 'after'): void {
  if (crashStep && Number(crashStep) === subStep && crashMoment === moment) {
    process.kill(process.pid, 'SIGKILL');
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
