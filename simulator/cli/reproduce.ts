import type { Fault } from '../faults/fault-schema.js';
import type { RunPlan } from '../runner/run-plan.js';
import { canonicalJson } from '../trace/canonical-json.js';

/** The command that runs a plan again, as one line for a shell. `word` names its scenario. */
export function reproduceLine(word: string, plan: RunPlan): string {
  return ['deputy-sim run', shellWord(word), `--seed ${plan.seed}`, ...planWords(plan)].join(' ');
}

/** Setup and faults as options of a command line. */
export function planWords({ setup, faults }: Pick<RunPlan, 'setup' | 'faults'>): string[] {
  const settings = Object.entries(setup).map(([key, value]) => `${key}=${settingText(value)}`);
  return [
    ...(settings.length > 0 ? [`--setup ${settings.join(',')}`] : []),
    ...faults.map((fault) => `--fault ${shellWord(faultText(fault))}`),
  ];
}

/** A fault on one line. */
export function faultText(fault: Fault): string {
  return canonicalJson(fault);
}

/** A setting as `--setup` takes it. */
export function settingText(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}

/** A word that a shell takes as it is. */
export function shellWord(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
