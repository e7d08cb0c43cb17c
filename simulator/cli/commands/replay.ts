import type { Command } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { recordRun } from '../../runner/record-run.js';
import { diffJson } from '../../show/diff/diff-json.js';
import { renderDiff } from '../../show/diff/diff-text.js';
import { diffTraces } from '../../show/diff/diff-traces.js';
import { createPaint } from '../../show/text/palette.js';
import { readTrace } from '../../trace/reader.js';
import type { Trace } from '../../trace/schema.js';
import { exitCode } from '../exit-codes.js';
import { addStreamOptions, streamHelp, streamSource } from '../history/stream-source.js';
import { buildIdentity } from '../library/build-identity.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { factLine, planLines } from '../plan-lines.js';
import { planOfTrace } from '../plan-of-trace.js';
import { readTraceFile } from '../read-trace-file.js';
import { terminalOf } from '../terminal.js';
import { type HistoryFlags, injectHelp, refuseHistoryFlags, replayStateDirectory } from './replay-history.js';
import { replayStream } from './replay-stream.js';
import { exitCodeOfRun } from './run.js';

interface ReplayFlags extends HistoryFlags {
  readonly width?: number;
  readonly context: number;
}

const defaultWidth = 160;

/** Adds `deputy-sim replay` to the program. */
export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .description('run again what a trace says, and compare each line with it')
    .argument('[trace]', "a trace that deputy-sim wrote; '-' for stdin")
    .option('--state <directory>', 'a real history instead: what an agent left in its state directory')
    .option('--inject <fault>', injectHelp)
    .option('--delegation <id>', 'of a history: only the calls of this delegation')
    .option('--trace <file>', 'of a history: write a trace of the replay there')
    .option('--html <file>', 'of a history: draw the replay, in one HTML file')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .option('--context <n>', 'where they part: so many entries before and after', wholeNumber, 5)
    .addHelpText('after', streamHelp)
    .action(replay);
  addStreamOptions(command);
}

async function replay(path: string | undefined, flags: ReplayFlags): Promise<void> {
  const source = streamSource(flags);
  if (path !== undefined && (flags.state !== undefined || source !== undefined)) {
    throw deputyError('DEPUTY_E_USAGE', { detail: 'give a trace or a history, not both' });
  }
  if (flags.state !== undefined) return replayStateDirectory(flags.state, source, flags);
  if (source !== undefined) return replayStream(source, flags);
  if (path === undefined) {
    throw deputyError('DEPUTY_E_USAGE', { detail: 'give a trace, --state, or --nats with --stream' });
  }
  refuseHistoryFlags(flags);
  const recorded = readTraceFile(path);
  const plan = planOfTrace(recorded.header);
  const again = await runAgain(recorded);
  const diff = diffTraces(recorded, again, flags.context);
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? Math.min(terminal.width, defaultWidth);
  const isSameBuild = recorded.header.build === buildIdentity();
  const reproduce = String(recorded.header.options['reproduce'] ?? '');
  if (flags.json) {
    const { build } = recorded.header;
    printJson({ build: buildIdentity(), recordedBy: build, ...diffJson(diff), reproduce });
  } else {
    const paint = createPaint(terminal.color);
    printLines(planLines(plan, width, paint));
    if (!isSameBuild) printLines([factLine('recorded by', recorded.header.build, width, paint)]);
    printLines(renderDiff({ ...diff, header: [] }, { ...terminal, width }));
    printLines([factLine('again', reproduce, Number.POSITIVE_INFINITY, paint)]);
  }
  if (diff.same) process.exitCode = exitCodeOfRun(again.end);
  else process.exitCode = isSameBuild ? exitCode.nondeterminism : exitCode.broken;
}

async function runAgain({ header }: Trace): Promise<Trace> {
  const lines: string[] = [];
  const { options } = header;
  const about = { build: header.build, reproduce: String(options['reproduce'] ?? '') };
  await recordRun(planOfTrace(header), about, (line) => lines.push(line));
  return readTrace(lines);
}
