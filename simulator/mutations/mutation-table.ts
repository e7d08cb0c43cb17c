import type { Fault } from '../faults/fault-schema.js';
import type { Catalogue } from './catalogue.js';
import type { Catch } from './hunt.js';

/** One line of the table: a mutation, and the run and the invariant that caught it. */
export interface MutationRow {
  readonly mutation: string;
  readonly scenario: string;
  readonly seed: string;
  readonly fault: string;
  /** Empty where nothing catches it. */
  readonly invariant: string;
  readonly because: string;
}

interface MutatedResult {
  readonly mutation: { readonly id: string };
  readonly caught: Catch | undefined;
}

/** What stands above a page of mutations. */
export interface PageHead {
  readonly title: string;
  readonly catalogue: string;
  readonly command: string;
  readonly text: string;
}

const headOfHandlers: PageHead = {
  title: 'Mutations of the steps',
  catalogue: 'simulator/mutations/catalogue.json',
  command: 'deputy-sim mutate --record',
  text: `\
Each step of the handlers and of recovery is skipped once (it goes on as though the step's call had gone
well, without the call), and once made after the step that it leads to. Steps that the handlers share are
changed in all of them. A mutation is caught when an invariant breaks in a run that the tables as they are
bear. The fault comes on top of the scenario's own.`,
};

/** That of the page about dispatches. */
export const headOfDispatches: PageHead = {
  title: 'Mutations of a dispatch',
  catalogue: 'simulator/mutations/dispatch/catalogue.json',
  command: 'deputy-sim mutate --of dispatcher --record',
  text: `\
Each step of \`deputy dispatch\` (\`command/\`) and of the dispatcher (\`dispatch/\`) is skipped once, made
once behind the step that it leads to, and, where it can lead elsewhere or fail, made once without a look at
what it says. A mutation is caught when an invariant breaks in a run that the tables as they are bear. The
fault comes on top of the scenario's own.`,
};

export function rowOf(
  { mutation: { id }, caught }: MutatedResult,
  { unchanged, open }: Catalogue,
): MutationRow {
  const because = [...unchanged, ...open].find((one) => one.id === id)?.because ?? '';
  if (caught === undefined) {
    return { mutation: id, scenario: '', seed: '', fault: '', invariant: '', because };
  }
  const { scenario, seed, fault, invariant } = caught;
  return { mutation: id, scenario, seed, fault: faultText(fault), invariant, because };
}

/** Lines of text with aligned columns. */
export function tableLines(rows: readonly MutationRow[]): string[] {
  const cells = rows.map(({ mutation, scenario, seed, fault, invariant, because }) =>
    invariant === ''
      ? [mutation, because === '' ? 'NOT CAUGHT' : `changes nothing: ${because}`]
      : [mutation, invariant, `${scenario}, seed ${seed}`, fault],
  );
  const head = ['MUTATION', 'CAUGHT BY', 'SCENARIO', 'FAULT'];
  const lines = [head, ...cells];
  const widths = head.map((_, column) =>
    Math.max(...lines.filter((line) => line.length > 2).map((line) => line[column]?.length ?? 0)),
  );
  widths[0] = Math.max(...lines.map((line) => line[0]?.length ?? 0));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A reference page: docs/reference/mutations.md, if no other head is given. */
export function mutationsDocument(
  { caught, unchanged, open }: Catalogue,
  { title, catalogue, command, text }: PageHead = headOfHandlers,
): string {
  const rows = caught.map(
    ({ id, scenario, seed, fault, invariant }) =>
      `| ${id} | ${invariant} | ${scenario} | ${seed} | ${faultText(fault) || 'none'} |`,
  );
  return `# ${title}

Generated from \`${catalogue}\`; \`${command}\` hunts and writes both.

${text}

| mutation | invariant | scenario | seed | fault |
|---|---|---|---|---|
${rows.join('\n')}

## What nothing catches
These change nothing that anybody can see. \`npm run test:long\` hunts them over every scenario, with further
seeds and with a death at every step.

| mutation | because |
|---|---|
${unchanged.map(({ id, because }) => `| ${id} | ${because} |`).join('\n')}

## What is open
Nothing catches these yet, and nothing proves that they change nothing.

| mutation | because |
|---|---|
${open.map(({ id, because }) => `| ${id} | ${because} |`).join('\n')}
`;
}

/** A fault in a few words. */
export function faultText(fault: Fault | null): string {
  if (fault === null) return '';
  const { when } = fault;
  const where = 'step' in when ? `${when.step} #${when.occurrence}` : JSON.stringify(when);
  const what = fault.kind === 'signal' ? `signal ${fault.signal}` : fault.kind;
  return `${what} ${'moment' in fault ? fault.moment : 'at'} ${where}`;
}
