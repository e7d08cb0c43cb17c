import { escapeText } from '../../core/events/escape-text.js';
import type { JudgedForm, Judgement, RankedStrategy, Ranking } from '../../core/preflight/rank.js';
import { print } from './output.js';

// Names in a manifest are whatever the file says; a line for a pod of a hundred containers still fits.
const lineLength = 64 * 1024;

/** Prints a ranking for people: each strategy with its place, its reasons and remedies, and its price. */
export function printRanking({ chosen, strategies }: Ranking, level: string, notes: readonly string[]): void {
  for (const ranked of strategies) printStrategy(ranked);
  for (const note of notes) line(`note: ${note}`);
  print(chosen === null ? `none can be used at level ${level}` : `chosen: ${chosen} (level ${level})`);
}

function printStrategy(ranked: RankedStrategy): void {
  const place = ranked.rank === null ? 'no ' : `${ranked.rank}. `;
  line(`${place} ${ranked.strategy}`);
  printReasons(ranked);
  if (ranked.forms === undefined) printTrialsAndPrice(ranked);
  else for (const form of ranked.forms) printForm(form, ranked.possible);
  print('');
}

/** Where none is possible the reasons against each were said already. */
function printForm(form: JudgedForm, isAnyPossible: boolean): void {
  line(`     form      ${form.form}, for ${form.serves}${form.possible ? '' : ': no'}`);
  if (isAnyPossible) printReasons(form);
  printTrialsAndPrice(form);
}

function printReasons({ reasons }: Judgement): void {
  for (const { text, remedy } of reasons) {
    line(`     why not   ${text}`);
    line(`               -> ${remedy}`);
  }
}

function printTrialsAndPrice({ trials, price }: Judgement): void {
  for (const { id, ok, optional, detail, remedy } of trials) {
    // What fails and is not optional stands among the reasons.
    if (!ok && !optional) continue;
    line(`     ${ok ? 'tried     ' : 'lacks     '}${id}: ${detail}`);
    if (remedy !== undefined) line(`               -> ${remedy}`);
  }
  line(`     latency   ${price.latency}`);
  line(`     boundary  ${price.boundary}`);
  line(`     privilege ${price.privilege}`);
  line(`     restart   ${price.restart}`);
}

function line(text: string): void {
  print(escapeText(text, lineLength));
}
