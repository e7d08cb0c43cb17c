import { cpus, release } from 'node:os';
import type { Figures, Form } from './measure.js';
import { type StreamReport, withHeaders } from './stream-speed.js';

/** One cell of the comparison. */
export interface Row {
  readonly form: Form;
  readonly threads: number;
  readonly native: Figures;
  readonly bare: Figures;
  readonly deputy: Figures;
}

/** One line of a smaller table: what a setting of the policy costs, roaming. */
export interface Variant {
  readonly name: string;
  readonly threads: number;
  readonly figures: Figures;
}

/** What the checks cost. */
export interface Safety {
  readonly dac: readonly Variant[];
  readonly sealing: readonly Variant[];
}

export interface Report extends Safety {
  readonly pinned: readonly Row[];
  readonly roaming: readonly Row[];
  readonly placements: readonly Variant[];
  readonly broker: readonly Variant[];
  /** Undefined where there is no nats-server. */
  readonly stream?: StreamReport;
}

const us = (value: number): string => value.toFixed(1);
const ratio = (a: number, b: number): string => (b > 0 ? (a / b).toFixed(2) : '-');

function comparison(rows: readonly Row[]): string[] {
  const head =
    '| form | threads | native p50 | C agent p50 / p99 | deputy p50 / p99 | deputy / C, p50 | deputy / C, calls/s |';
  const lines = rows.map(({ form, threads, native, bare, deputy }) => {
    const cells = [
      form,
      `${threads}`,
      us(native.medianUs),
      `${us(bare.medianUs)} / ${us(bare.p99Us)}`,
      `${us(deputy.medianUs)} / ${us(deputy.p99Us)}`,
      ratio(deputy.medianUs, bare.medianUs),
      ratio(deputy.perSecond, bare.perSecond),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, '|---|---|---|---|---|---|---|', ...lines];
}

function variants(rows: readonly Variant[]): string[] {
  const lines = rows.map(({ name, threads, figures }) => {
    const { medianUs, p99Us, perSecond } = figures;
    return `| ${name} | ${threads} | ${us(medianUs)} | ${us(p99Us)} | ${Math.round(perSecond)} |`;
  });
  return ['| setting | threads | p50 | p99 | calls/s |', '|---|---|---|---|---|', ...lines];
}

/** Where the aims stand, in words, from this run's own figures. */
function standing({ pinned, roaming }: Report): string[] {
  const find = (rows: readonly Row[], threads: number): Row | undefined =>
    rows.find((row) => row.form === 'open' && row.threads === threads);
  const one = find(pinned, 1);
  const four = find(pinned, 4);
  const free = find(roaming, 1);
  if (!one || !four || !free) return [];
  const latency = one.deputy.medianUs / one.bare.medianUs;
  const throughput = four.deputy.perSecond / four.bare.perSecond;
  const roam = free.deputy.medianUs / free.bare.medianUs;
  const verdict = (met: boolean): string => (met ? 'met' : 'not met');
  return [
    `- one processor, one thread, median at most 1.25 times the C agent's: ${latency.toFixed(2)}, ${verdict(latency <= 1.25)}`,
    `- one processor, four threads, at least 0.9 of its throughput: ${throughput.toFixed(2)}, ${verdict(throughput >= 0.9)}`,
    `- roaming, one thread, faster than the C agent: ${roam.toFixed(2)} of its median, ${verdict(roam < 1)}`,
  ];
}

/** The tables of what the checks cost. */
export function safetyText({ dac, sealing }: Safety): string {
  return [
    '## What `dac: enforce` costs, on one processor, `open`',
    '',
    ...variants(dac),
    '',
    '## What sealed handles cost, on one processor, `open`',
    '',
    ...variants(sealing),
  ].join('\n');
}

/** Events into JetStream, and how soon a consumer has them. */
export function streamText({ rows, latency }: StreamReport): string {
  const ofBare = (wanted: string): number => rows.find(({ name }) => name === wanted)?.ofBare ?? 0;
  const own = ofBare('deputy');
  const ofCeiling = own / ofBare(withHeaders);
  const verdict = own >= 0.8 ? 'met' : 'not met';
  return [
    '## Events into a stream on NATS',
    '',
    'The same bytes, file storage, one node: published without acknowledgement; by `js.publish`; by a bare publisher with one reply inbox',
    'and no headers; by the same with payloads longer by what deputy has as headers; by the same with these headers, spelt beforehand,',
    'into a stream as deputy has; and by deputy, with headers, ids and a predicted sequence for each event.',
    '',
    '| publisher | events/s | of the bare acknowledged one |',
    '|---|---|---|',
    ...rows.map(({ name, perSecond, ofBare }) => `| ${name} | ${perSecond} | ${ofBare.toFixed(2)} |`),
    '',
    `- at least 0.8 of the bare acknowledged one: ${own.toFixed(2)}, ${verdict}`,
    `- of the bare one with the same headers: ${ofCeiling.toFixed(2)}`,
    `- from an answer to a consumer, one thread with 1 ms between calls: median ${latency.medianMs} ms, p99 ${latency.p99Ms} ms`,
  ].join('\n');
}

/** The whole document, docs/benchmarks.md. */
export function document(report: Report): string {
  const machine = `${cpus().length} processors, Linux ${release()}, Node ${process.versions.node}`;
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench`. One delegated `open_by_handle_at`, journal and events on, default policy, beside the native',
    'call with the capability and a bare C agent that makes the same system calls without journal, policy or events',
    '(`test/bench/bare-agent.c`), in turn within one run. Times in microseconds, medians over the rounds. `open` is O_RDONLY of',
    'a regular file, `opath-fast` O_PATH of one, `opath-exact` O_PATH of a symlink (the C agent injects it the plainest way:',
    'no care for signals, filters, a full table or its own death).',
    '',
    `Measured on: ${machine}.`,
    '',
    '## Where the aims stand',
    '',
    ...standing(report),
    '',
    '## Agent and target on one processor (repeatable)',
    '',
    ...comparison(report.pinned),
    '',
    '## Free to roam (what users get)',
    '',
    ...comparison(report.roaming),
    '',
    '## Placement, roaming, `open`',
    '',
    ...variants(report.placements),
    '',
    safetyText(report),
    '',
    '## Through a broker, on one processor, `open`, one call at a time',
    '',
    ...variants(report.broker),
    '',
    ...(report.stream === undefined ? [] : [streamText(report.stream), '']),
  ].join('\n');
}
