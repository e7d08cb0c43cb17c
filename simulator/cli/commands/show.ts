import { type Command, InvalidArgumentError, Option } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import type { EntryFilter, EntryWindow } from '../../show/select.js';
import { showJson } from '../../show/show-json.js';
import { renderText } from '../../show/text/render-text.js';
import { actorsOf } from '../../trace/actors.js';
import type { Trace } from '../../trace/schema.js';
import { type EntryType, entryTypes } from '../../trace/vocabulary.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { readTraceFile } from '../read-trace-file.js';
import { terminalOf } from '../terminal.js';
import { writeHtmlFile } from '../write-html-file.js';

interface ShowFlags {
  readonly html?: string;
  readonly json?: boolean;
  readonly width?: number;
  readonly actor?: readonly string[];
  readonly type?: readonly EntryType[];
  readonly request?: string;
  readonly around?: number;
  readonly limit: number;
}

/** Adds `deputy-sim show` to the program. */
export function addShowCommand(program: Command): void {
  program
    .command('show')
    .description('draw a trace: lanes in the terminal, JSON, or one HTML file')
    .argument('<trace>', "the trace file; '-' for stdin")
    .addOption(
      new Option(
        '--html <file>',
        'write one self-contained HTML file instead; it filters by itself',
      ).conflicts(['json', 'width', 'actor', 'type', 'request', 'around']),
    )
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .option('--actor <id>', 'only of this actor and what is below it; may be repeated', collectText)
    .option('--type <type>', `only of this type, may be repeated: ${entryTypes.join(', ')}`, collectType)
    .option('--request <id>', 'only of this request')
    .option('--around <sequence>', 'with this entry in the middle', wholeNumber)
    .option('--limit <n>', 'at most so many entries, 0 for all', wholeNumber, 200)
    .action(show);
}

function show(path: string, flags: ShowFlags): void {
  const trace = readTraceFile(path);
  const filter: EntryFilter = {
    ...(flags.actor === undefined ? {} : { actors: flags.actor }),
    ...(flags.type === undefined ? {} : { types: flags.type }),
    ...(flags.request === undefined ? {} : { request: flags.request }),
  };
  checkNames(trace, flags);
  const window: EntryWindow = {
    limit: flags.limit,
    ...(flags.around === undefined ? {} : { around: flags.around }),
  };
  if (flags.html !== undefined) return writeHtmlFile(flags.html, trace);
  if (flags.json) return printJson(showJson(trace, filter, window));
  const terminal = terminalOf(process.stdout, process.env);
  printLines(renderText(trace, { ...terminal, width: flags.width ?? terminal.width, filter, window }));
}

/** A name that the trace doesn't have is a typing error, not an empty picture. */
function checkNames(trace: Trace, { actor = [], request, around }: ShowFlags): void {
  const ids = actorsOf(trace).map(({ id }) => id);
  const unknown = actor.find((one) => !ids.some((id) => id === one || id.startsWith(`${one}/`)));
  if (unknown !== undefined) {
    const known = escapeText(ids.slice(0, 50).join(', '), 1000);
    throw deputyError('DEPUTY_E_USAGE', {
      detail: `the trace has no actor '${escapeText(unknown, 128)}'; it has ${known}`,
    });
  }
  if (request !== undefined && !trace.entries.some((entry) => entry.request === request)) {
    throw deputyError('DEPUTY_E_USAGE', { detail: `the trace has no request '${escapeText(request, 128)}'` });
  }
  if (around !== undefined && around >= trace.entries.length) {
    const detail = `the trace has no entry ${around}; the last one is ${trace.entries.length - 1}`;
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
}

function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function collectType(text: string, before: readonly EntryType[] = []): readonly EntryType[] {
  const type = entryTypes.find((one) => one === text);
  if (type === undefined) throw new InvalidArgumentError(`There are: ${entryTypes.join(', ')}.`);
  return [...before, type];
}
