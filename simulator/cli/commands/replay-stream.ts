import { deputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import { StreamHistory, type StreamReplay, type ToldDelegation } from '../../history/stream-history.js';
import { exitCode } from '../exit-codes.js';
import { readStream, type StreamSource, streamWords } from '../history/stream-source.js';
import { buildIdentity } from '../library/build-identity.js';
import { printJson, printLines } from '../output.js';
import type { HistoryFlags } from './replay-history.js';

/** Delegations and problems that are listed for people; `--json` has them all. */
const listedLimit = 40;
const labelWidth = 12;

/**
 * Replays a stream's events through the delegations' machine, and prints what they come to. Exit code 1 when
 * one is missing, there twice, out of order, or not allowed where it is.
 */
export async function replayStream(source: StreamSource, flags: HistoryFlags): Promise<void> {
  const { inject, delegation, trace, html } = flags;
  const needy = Object.entries({ inject, trace, html }).find(([, value]) => value !== undefined);
  if (needy !== undefined) {
    const detail = `--${needy[0]} needs the journal beside the stream: give --state as well`;
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const history = new StreamHistory();
  for await (const { event, sequence } of readStream(source)) {
    if (delegation === undefined || event.delegationId === delegation) history.take(event, sequence);
  }
  const replay = history.end();
  const isSame = replay.problems.length === 0;
  const only = delegation === undefined ? [] : ['--delegation', delegation];
  const again = ['deputy-sim replay', ...streamWords(source), ...only].join(' ');
  if (flags.json) printJson({ build: buildIdentity(), stream: source.stream, isSame, ...replay, again });
  else printLines(linesOf(source, replay, again));
  process.exitCode = isSame ? exitCode.held : exitCode.broken;
}

function linesOf({ stream }: StreamSource, replay: StreamReplay, again: string): string[] {
  const { events, requests, firstSequence, lastSequence, delegations, problems, isCut } = replay;
  const fact = (label: string, text: string): string =>
    `${label.padEnd(labelWidth)}${escapeText(text, 4_096)}`;
  const result =
    problems.length === 0
      ? 'each event once, in order, without a gap, on a legal path'
      : `${problems.length}${isCut ? ' and more' : ''} events are not what has to follow`;
  return [
    fact('build', buildIdentity()),
    fact('stream', `${stream}, sequences ${firstSequence} to ${lastSequence}`),
    fact('history', `${events} events, ${requests} of requests, ${delegations.length} delegations`),
    ...listed(problems.map((problem) => fact('', problem))),
    '',
    ...listed(delegations.map((told) => fact('delegation', delegationText(told)))),
    fact('result', result),
    fact('again', again),
  ];
}

function delegationText({ delegation, node, tenant, state, version, counts, since }: ToldDelegation): string {
  const told = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  const beginning = since === undefined ? '' : `, from version ${since} on`;
  return `${delegation} of ${node}, ${tenant}: ${state}, version ${version}${beginning}; ${told.join(', ')}`;
}

function listed(lines: readonly string[]): string[] {
  if (lines.length <= listedLimit) return [...lines];
  return [...lines.slice(0, listedLimit), `... and ${lines.length - listedLimit} more`];
}
