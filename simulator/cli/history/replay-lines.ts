import { escapeText } from '../../../core/events/escape-text.js';
import type { Difference } from '../../history/end-state.js';
import type { History } from '../../history/read-history.js';
import type { HistoryReplay } from '../../history/replay-history.js';
import { timeText } from '../../show/facts.js';

/** Differences and strays that are listed for people; `--json` has them all. */
const listedLimit = 40;
const labelWidth = 12;

export interface LinesOptions {
  readonly build: string;
  readonly inject: string | undefined;
  readonly reproduce: string;
}

/** What is printed of a replay. */
export function replayLines(history: History, replay: HistoryReplay, options: LinesOptions): string[] {
  const { build, inject, reproduce } = options;
  const { epochs, calls, steps, assumed, timeUs } = replay;
  const fact = (label: string, text: string): string =>
    `${label.padEnd(labelWidth)}${escapeText(text, 4096)}`;
  return [
    fact('build', build),
    ...history.builds.map((one) => fact('recorded by', one)),
    fact(
      'history',
      `${epochs.length} epochs, ${calls} calls, ${history.events.length} events, ${timeText(timeUs)}`,
    ),
    fact('replayed', `${steps} steps, ${assumed} of them assumed`),
    ...(replay.isPolicyAssumed
      ? [fact('', 'a policy is neither in the journal nor in the events: assumed')]
      : []),
    ...(inject === undefined ? [] : [fact('injected', inject), '', ...replay.explanation]),
    ...listed(replay.strays.map((stray) => escapeText(stray, 1024))),
    ...(replay.differences.length === 0 ? [] : ['', ...differenceLines(replay.differences)]),
    '',
    ...replay.delegations.map(({ delegation, recorded, replayed }) =>
      fact('delegation', `${delegation}: ${countText(recorded)}${changed(recorded, replayed)}`),
    ),
    ...(inject === undefined ? [fact('result', resultText(replay))] : []),
    fact('again', reproduce),
  ];
}

function resultText({ differences, strays }: HistoryReplay): string {
  if (differences.length + strays.length === 0) return 'the same end state as recorded, call by call';
  return `${differences.length} differences, ${strays.length} steps that go another way`;
}

function differenceLines(differences: readonly Difference[]): string[] {
  const rows = differences.map(({ call, field, recorded, replayed }) => [call, field, recorded, replayed]);
  const lines = [['REQUEST', 'WHAT', 'RECORDED', 'REPLAYED'], ...rows.slice(0, listedLimit)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const texts = lines.map((line) =>
    line
      .map((cell, column) => escapeText(cell, 512).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return rows.length > listedLimit ? [...texts, `... and ${rows.length - listedLimit} more`] : texts;
}

function listed(lines: readonly string[]): string[] {
  if (lines.length <= listedLimit) return [...lines];
  return [...lines.slice(0, listedLimit), `... and ${lines.length - listedLimit} more`];
}

type Counts = HistoryReplay['delegations'][number]['recorded'];

function countText(counts: Counts): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}

function changed(recorded: Counts, replayed: Counts): string {
  return countText(recorded) === countText(replayed) ? '' : ` (now ${countText(replayed)})`;
}
