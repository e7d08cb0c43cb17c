import type { Engine } from '../../core/engine/engine.js';

/** A spell is some seconds at least; a look costs less than a request. */
const lookEveryMs = 1_000;

/** Has an engine look whether its targets still use handles, until `isOver`. */
export function watchHandleUse(engine: Engine, isOver: () => boolean): void {
  const timer = setInterval(() => {
    if (isOver()) clearInterval(timer);
    else engine.noticeDegradations();
  }, lookEveryMs);
  timer.unref();
}
