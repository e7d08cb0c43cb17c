import type { Measures } from './measure.js';
import type { Variant } from './variants.js';

/** A comparison of one scenario: a column for each variant. */
export interface Comparison {
  readonly scenario: string;
  readonly sentence: string;
  readonly columns: readonly { readonly variant: Variant; readonly measures: Measures }[];
}

/** A row of the table: what it says of a variant, and whether that is well. */
export interface Row {
  readonly label: string;
  readonly cell: (
    measures: Measures,
    variant: Variant,
  ) => { readonly text: string; readonly isWell: boolean };
}

/** The rows; a further question is a line here. */
export const rows: readonly Row[] = [
  {
    label: 'the capability is held by',
    cell: (_, { needs }) => ({ text: needs.holder, isWell: !needs.isInPod }),
  },
  {
    label: 'pods are let in up to level',
    cell: (_, { needs }) => ({ text: needs.level, isWell: needs.level === 'restricted' }),
  },
  {
    label: 'the program',
    cell: (_, { needs }) => ({ text: needs.program, isWell: needs.program === 'as it is' }),
  },
  {
    label: 'listener',
    cell: ({ listeners, listenersLost }) => ({
      text:
        listenersLost === 0
          ? listeners === 0
            ? 'none'
            : 'kept'
          : listenersLost === listeners
            ? 'lost'
            : `lost ${listenersLost}/${listeners}`,
      isWell: listenersLost === 0,
    }),
  },
  {
    label: 'calls that got ENOSYS',
    cell: ({ enosys, calls }) => ({ text: share(enosys, calls), isWell: enosys === 0 }),
  },
  {
    label: 'calls that never return',
    cell: ({ lost, calls }) => ({ text: share(lost, calls), isWell: lost === 0 }),
  },
  {
    label: 'calls that a successor finished',
    cell: ({ recovered, calls }) => ({ text: share(recovered, calls), isWell: true }),
  },
  {
    label: 'longest wait of a call',
    cell: ({ stallUs, lost }) => ({ text: lost > 0 ? 'for ever' : timeText(stallUs), isWell: lost === 0 }),
  },
  {
    label: 'the target saw nothing of it',
    cell: ({ unharmed, runs }) => ({
      text: unharmed === runs ? 'yes' : unharmed === 0 ? 'no' : `${unharmed} of ${runs} runs`,
      isWell: unharmed === runs,
    }),
  },
];

/** The comparison for programs. */
export function comparisonJson({ scenario, sentence, columns }: Comparison): object {
  return {
    scenario,
    sentence,
    columns: columns.map(({ variant: { heading: _, ...variant }, measures }) => ({
      ...variant,
      ...measures,
      broken: [...measures.broken].sort(),
    })),
  };
}

/** The comparison as a table in Markdown. */
export function comparisonMarkdown({ scenario, sentence, columns }: Comparison): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${scenario}`,
    '',
    sentence,
    '',
    line(['', ...columns.map(({ variant }) => variant.heading.join(' '))]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ label, cell }) =>
      line([
        label,
        ...columns.map(({ variant, measures }) => {
          const { text, isWell } = cell(measures, variant);
          return isWell ? text : `**${text}**`;
        }),
      ]),
    ),
  ];
}

function share(count: number, of: number): string {
  return count === 0 ? 'none' : `${count} of ${of}`;
}

function timeText(us: number): string {
  return us < 1_000
    ? `${us} us`
    : us < 1_000_000
      ? `${(us / 1_000).toFixed(1)} ms`
      : `${(us / 1e6).toFixed(2)} s`;
}
