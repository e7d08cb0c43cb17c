import { escapeText } from '../../core/events/escape-text.js';
import { detailText } from '../show/detail-text.js';
import type { Paint } from '../show/text/palette.js';
import { wrapText } from '../show/text/wrap-text.js';
import { factLine } from './plan-lines.js';
import type { ReportedFailure } from './report-failures.js';
import type { PoolResult } from './workers/pool.js';

/** How fast it went: steps a second of processor time, and runs a second of ours. */
export interface Speed {
  /** Calls of ports by real code of strategies, a second on one core. */
  readonly stepsPerCpuSecond: number;
  readonly pointsPerCpuSecond: number;
  readonly runsPerSecond: number;
}

export function speedOf({ tally, cpuUs }: PoolResult, elapsedMs: number): Speed {
  const seconds = Math.max(cpuUs, 1) / 1_000_000;
  return {
    stepsPerCpuSecond: Math.round(tally.steps / seconds),
    pointsPerCpuSecond: Math.round(tally.points / seconds),
    runsPerSecond: Math.round((tally.runs * 1_000) / Math.max(elapsedMs, 1)),
  };
}

/** What many runs came to, as lines. */
export function tallyLines(result: PoolResult, elapsedMs: number, width: number, paint: Paint): string[] {
  const { runs, steps, points, virtualUs, inconclusive, broken, coverage } = result.tally;
  const { stepsPerCpuSecond, pointsPerCpuSecond, runsPerSecond } = speedOf(result, elapsedMs);
  const hours = (virtualUs / 3_600_000_000).toFixed(2);
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const line = (label: string, text: string): string => factLine(label, text, width, paint);
  return [
    line('runs', `${runs} in ${seconds} s (${runsPerSecond} a second), ${hours} hours of virtual time`),
    line('steps', `${steps}, ${stepsPerCpuSecond} a second on one core: calls of ports by real handlers`),
    line('points', `${points}, ${pointsPerCpuSecond} a second: steps of all actors`),
    ...wrapped('reached', countsText(coverage.steps), width, paint),
    ...wrapped('faults', countsText(coverage.faults), width, paint),
    ...wrapped('events', countsText(coverage.events), width, paint),
    line('broken', `${broken} runs${inconclusive > 0 ? `; ${inconclusive} more were cut by a limit` : ''}`),
  ];
}

/** What was found, each with how to see it again. */
export function failureLines(reported: readonly ReportedFailure[], width: number, paint: Paint): string[] {
  return reported.flatMap(({ failure, trace, reproduce, shrunk }) => {
    const { scenario, seed, invariants, sentence, detail } = failure;
    const line = (label: string, text: string): string =>
      factLine(label, text, Number.POSITIVE_INFINITY, paint);
    return [
      '',
      paint('bad', `${scenario}, seed ${seed}: ${invariants.join(', ')}`),
      ...wrapText(escapeText(sentence, 1000), Math.max(20, width - 2)).map((text) => `  ${text}`),
      ...wrapText(detailText(detail), Math.max(20, width - 2)).map((text) => `  ${paint('dim', text)}`),
      line('trace', trace),
      line('again', reproduce),
      ...(shrunk === undefined ? [] : [line('shrunk', shrunk.reproduce)]),
    ];
  });
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const names = Object.keys(counts).sort();
  return names.length === 0 ? 'none' : names.map((name) => `${name} ${counts[name]}`).join(', ');
}

function wrapped(label: string, text: string, width: number, paint: Paint): string[] {
  const room = Math.max(20, Math.min(width, 110) - 12);
  return wrapText(text, room).map((line, at) => factLine(at === 0 ? label : '', line, width, paint));
}
