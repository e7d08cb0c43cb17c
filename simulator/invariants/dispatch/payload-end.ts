import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { ModelPayload } from '../../actors/dispatch/dispatch-parts.js';

/** A status of wait(2) as an end; both as texts, to be compared. */
export function statusText(status: number): string {
  const signal = status & 0x7f;
  return signal === 0 ? `exited ${status >> 8}` : `signaled ${signal}`;
}

/** A signal ended it: between the word to execute and the execution that looks like a payload's end. */
export function isKilled({ process }: ModelPayload): boolean {
  return process.state !== 'running' && ((process.status ?? 0) & 0x7f) !== 0;
}

export function endAsText(end: PayloadEnd): string {
  if (end.kind === 'exited') return `exited ${end.code}`;
  return end.kind === 'signaled' ? `signaled ${end.signal}` : 'unknown';
}
