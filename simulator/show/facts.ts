import { escapeText } from '../../core/events/escape-text.js';
import type { Trace, TraceHeader } from '../trace/schema.js';
import { detailText } from './detail-text.js';

const maximumLength = 2000;

/** The command that runs the same again; a run that knows better says so in its option `reproduce`. */
export function reproduceCommand({ scenario, seed, options }: TraceHeader): string {
  const { reproduce } = options;
  if (typeof reproduce === 'string') return escapeText(reproduce, maximumLength);
  return `deputy-sim run ${shellWord(escapeText(scenario.name, 256))} --seed ${seed}`;
}

/** What a picture says at its top: label and escaped text. */
export function traceFacts(trace: Trace): readonly (readonly [label: string, text: string])[] {
  const { header, entries, end } = trace;
  const { reproduce: _, ...options } = header.options;
  const facts: (readonly [string, string])[] = [
    ['scenario', escapeText(header.scenario.name, 256)],
    ['seed', header.seed],
    ['build', escapeText(header.build, 256)],
    ['outcome', end.outcome],
    ['length', `${end.steps} steps, ${entries.length} entries, ${timeText(end.timeUs)} of virtual time`],
    ['end state', escapeText(end.stateHash, 256)],
  ];
  if (Object.keys(options).length > 0)
    facts.push(['options', escapeText(detailText(options), maximumLength)]);
  return facts;
}

/** A virtual time: milliseconds to the microsecond, the unit of everything that happens in here. */
export function timeText(timeUs: number): string {
  return `${Math.floor(timeUs / 1000)}.${String(timeUs % 1000).padStart(3, '0')} ms`;
}

function shellWord(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
