import type { Case } from './language.js';
import type { Step } from './run-case.js';

export interface Comparison {
  readonly name: string;
  readonly steps: number;
  readonly races: number;
  readonly isEqual: boolean;
  readonly sideBySide: string;
}

/** May a step's two results stand beside each other? */
function agree(model: Step | undefined, kernel: Step | undefined): boolean {
  if (model === undefined || kernel === undefined) return false;
  const { allowed, expected } = model.line;
  if (allowed !== undefined) return allowed.includes(model.result) && allowed.includes(kernel.result);
  if (model.result.startsWith('FAILED') && expected?.startsWith('FAILED') !== true) return false;
  return model.result === kernel.result && (expected === undefined || expected === kernel.result);
}

/** Sets what the modelled kernel did beside what the real one did. */
export function compareSteps({ name }: Case, model: readonly Step[], kernel: readonly Step[]): Comparison {
  const count = Math.max(model.length, kernel.length);
  const rows: string[][] = [];
  let isEqual = true;
  for (let index = 0; index < count; index++) {
    const [ours, theirs] = [model[index], kernel[index]];
    const isSame = agree(ours, theirs);
    isEqual &&= isSame;
    const line = (ours ?? theirs)?.line;
    const outcome = line?.allowed?.join(' | ') ?? line?.expected ?? '';
    rows.push([isSame ? ' ' : '!', line?.text ?? '', ours?.result ?? '-', theirs?.result ?? '-', outcome]);
  }
  return {
    name,
    steps: count,
    races: model.filter(({ line }) => line.allowed !== undefined).length,
    isEqual,
    sideBySide: table(['', 'step', 'model', 'kernel', 'said'], rows),
  };
}

const widest = 100;

/** Columns of one width each. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) =>
    Math.min(widest, Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

/** A table of all cases, for whoever reads the run's output. */
export function summary(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ name, steps, races, isEqual }) => [
    name,
    `${steps}`,
    isEqual ? (races > 0 ? `equal, ${races} as races allow` : 'equal') : 'DIFFERENT',
  ]);
  const steps = comparisons.reduce((sum, one) => sum + one.steps, 0);
  const equal = comparisons.filter(({ isEqual }) => isEqual).length;
  return `${table(['case', 'steps', 'outcome'], rows)}\n${equal} of ${comparisons.length} cases equal, ${steps} steps`;
}
