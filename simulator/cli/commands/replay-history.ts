import { closeSync, openSync, writeSync } from 'node:fs';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import { parseInjection } from '../../history/injection.js';
import type { History } from '../../history/read-history.js';
import { type HistoryReplay, replayHistory } from '../../history/replay-history.js';
import { readTrace } from '../../trace/reader.js';
import { TraceWriter } from '../../trace/writer.js';
import { exitCode } from '../exit-codes.js';
import { readStateDirectory } from '../history/read-state-directory.js';
import { replayLines } from '../history/replay-lines.js';
import { type StreamFlags, type StreamSource, streamWords, withStream } from '../history/stream-source.js';
import { buildIdentity } from '../library/build-identity.js';
import { printJson, printLines } from '../output.js';
import { shellWord } from '../reproduce.js';
import { writeHtmlFile } from '../write-html-file.js';

/** Options of `deputy-sim replay` that a history takes. */
export interface HistoryFlags extends StreamFlags {
  readonly state?: string;
  readonly inject?: string;
  readonly delegation?: string;
  readonly trace?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export const injectHelp =
  'of a history: do this to it, FAULT@PLACE[:STEP[:before|inside|after]]; supervisor-restart, ' +
  "target-death, signal, errno=NAME; at an event's id, version or TYPE#N, or at a request's id or slot";

/** What only a history takes. Errors: DEPUTY_E_USAGE. */
export function refuseHistoryFlags({ inject, delegation, trace, html }: HistoryFlags): void {
  const given = Object.entries({ inject, delegation, trace, html }).find(([, value]) => value !== undefined);
  if (given !== undefined) throw deputyError('DEPUTY_E_USAGE', { detail: `--${given[0]} goes with --state` });
}

/**
 * Replays what an agent left, prints how it ended, and whether that is as it was recorded. `stream`: where
 * its events are, if not beside the journal.
 */
export async function replayStateDirectory(
  directory: string,
  stream: StreamSource | undefined,
  flags: HistoryFlags,
): Promise<void> {
  const injection = flags.inject === undefined ? undefined : parseInjection(flags.inject);
  const recorded = readStateDirectory(directory);
  const history = stream === undefined ? recorded : await withStream(recorded, stream);
  const reproduce = reproduceLine(directory, stream, flags);
  const lines: string[] = [];
  const writer = new TraceWriter(headerOf(history, flags, reproduce), (line) => lines.push(line));
  const isTraced = flags.trace !== undefined || flags.html !== undefined;
  const replay = replayHistory(history, {
    ...(flags.delegation === undefined ? {} : { delegation: flags.delegation }),
    ...(injection === undefined ? {} : { injection }),
    ...(isTraced ? { trace: (entry) => writer.entry(entry) } : {}),
  });
  const isSame = replay.differences.length === 0 && replay.strays.length === 0;
  const outcome = isSame || injection !== undefined ? 'held' : 'broken';
  writer.end({ steps: replay.steps, timeUs: replay.timeUs, outcome, violations: [], stateHash: writer.hash });
  if (flags.trace !== undefined) writeLines(flags.trace, lines);
  if (flags.html !== undefined) writeHtmlFile(flags.html, readTrace(lines));
  if (flags.json) printJson({ build: buildIdentity(), builds: history.builds, isSame, ...replay, reproduce });
  else printLines(replayLines(history, replay, { build: buildIdentity(), inject: flags.inject, reproduce }));
  process.exitCode = exitOf(replay, injection !== undefined);
}

/** With an injection another outcome is what was asked for; another way before it is not. */
function exitOf({ differences, strays }: HistoryReplay, isInjected: boolean): number {
  if (strays.length > 0) return exitCode.broken;
  return differences.length > 0 && !isInjected ? exitCode.broken : exitCode.held;
}

function headerOf(history: History, { inject, delegation }: HistoryFlags, reproduce: string) {
  const scenario = { name: 'history', builds: history.builds, epochs: history.epochs.length };
  const options = { inject: inject ?? null, delegation: delegation ?? null, reproduce };
  return { build: buildIdentity(), seed: '0', scenario, options, actors: [] };
}

function reproduceLine(
  directory: string,
  stream: StreamSource | undefined,
  { inject, delegation }: HistoryFlags,
): string {
  const words = ['deputy-sim replay --state', shellWord(directory)];
  if (stream !== undefined) words.push(...streamWords(stream));
  if (inject !== undefined) words.push('--inject', shellWord(inject));
  if (delegation !== undefined) words.push('--delegation', shellWord(delegation));
  return words.join(' ');
}

function writeLines(path: string, lines: readonly string[]): void {
  try {
    const file = openSync(path, 'w');
    for (const line of lines) writeSync(file, `${line}\n`);
    closeSync(file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const detail = `${escapeText(path, 256)} cannot be written: ${escapeText(message, 500)}`;
    throw deputyError('DEPUTY_E_USAGE', { detail }, error);
  }
}
