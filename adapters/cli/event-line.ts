import { escapeText } from '../../core/events/escape-text.js';
import type { DeputyEvent } from '../../core/events/event.js';

/** One line for one event: time, tenant, what, and what matters of its data. */
export function eventLine(event: DeputyEvent): string {
  const { time, tenant, type, data, delegationId } = event;
  const who = escapeText(tenant, 24);
  const when = time.slice(11, 23);
  return `${when}  ${who}  ${delegationId.slice(0, 8)}  ${type}  ${details(type, data)}`.trimEnd();
}

function details(type: string, data: unknown): string {
  const fields = data as Record<string, unknown>;
  if (type.startsWith('request.')) return requestDetails(fields);
  const shown = Object.entries(fields)
    .filter(([key]) => shownOfLifecycle.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return escapeText(shown.join(' '), 300);
}

const shownOfLifecycle: ReadonlySet<string> = new Set([
  'strategy',
  'chosen',
  'origin',
  'reason',
  'code',
  'message',
  'counts',
  'policyDigest',
  'operation',
  'step',
  'evidence',
]);

function requestDetails(data: Record<string, unknown>): string {
  const { syscall, flags, fileType, opath, way, reason, latencyUs, recovery } = data;
  const parts = [
    String(syscall),
    Array.isArray(flags) ? flags.join('|') : '',
    typeof fileType === 'string' ? fileType : '',
    typeof opath === 'string' ? `opath:${opath}` : '',
    `= ${resultText(data['result'])}`,
    typeof reason === 'string' ? reason : '',
    typeof way === 'string' ? `(${way}, ${Number(latencyUs).toFixed(0)} us)` : '',
    recovery === 'none' ? '' : `recovery:${String(recovery)}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return '?';
  const { errno, value } = result as { errno?: string; value?: number };
  return errno ?? (value === undefined ? '(by the kernel)' : String(value));
}
