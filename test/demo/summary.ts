import type { DeputyEvent } from '../../core/events/event.js';

interface RequestData {
  readonly syscall: string;
  readonly latencyUs: number;
  readonly opath?: string;
  readonly way?: string;
  readonly reason?: string;
  readonly result?: { readonly errno?: string };
}

/** How many requests of one kind had one result, and how long they took. */
export interface SummaryRow {
  readonly syscall: string;
  readonly form: string;
  readonly result: string;
  readonly count: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** What a call without O_PATH got, in words; a mere value or errno needs none. */
const formOf: Readonly<Record<string, string>> = { addfd: 'open', continue: 'by kernel' };

/** Groups request events by call, form and result. Latency is from receipt to the end of the answer. */
export function summarize(events: readonly DeputyEvent[]): SummaryRow[] {
  const groups = new Map<string, number[]>();
  for (const { type, data } of events) {
    if (!type.startsWith('request.')) continue;
    const request = data as unknown as RequestData;
    const ended = type === 'request.answered' ? 'ok' : type.slice('request.'.length);
    const result = request.reason ?? request.result?.errno ?? ended;
    const form = request.opath === undefined ? (formOf[request.way ?? ''] ?? '') : `O_PATH ${request.opath}`;
    const key = [request.syscall, form, result].join('\t');
    const latencies = groups.get(key) ?? [];
    latencies.push(request.latencyUs);
    groups.set(key, latencies);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, latencies]) => row(key, latencies));
}

function row(key: string, latencies: number[]): SummaryRow {
  const [syscall = '', form = '', result = ''] = key.split('\t');
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => {
    const index = Math.min(latencies.length - 1, Math.floor(latencies.length * share));
    return Math.round(latencies[index] ?? 0);
  };
  const figures = { p50Us: at(0.5), p90Us: at(0.9), p99Us: at(0.99), maxUs: at(1) };
  return { syscall, form, result, count: latencies.length, ...figures };
}

/** The rows as a table for people. */
export function summaryTable(rows: readonly SummaryRow[]): string[] {
  const head = `${'SYSCALL'.padEnd(20)}${'FORM'.padEnd(14)}${'RESULT'.padEnd(12)}`;
  const units = ['COUNT', 'P50 us', 'P90 us', 'P99 us', 'MAX us'].map((name) => name.padStart(9)).join('');
  const lines = rows.map(({ syscall, form, result, count, p50Us, p90Us, p99Us, maxUs }) => {
    const names = `${syscall.padEnd(20)}${form.padEnd(14)}${result.padEnd(12)}`;
    return names + [count, p50Us, p90Us, p99Us, maxUs].map((value) => String(value).padStart(9)).join('');
  });
  return [head + units, ...lines];
}
