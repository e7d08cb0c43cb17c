import { errnoNumbers } from './errno.js';
import { type Refusal, refusalTable } from './refusals.js';
import { type ErrorEntry, errorTable } from './table.js';

/** The text of docs/errors.md, generated so that it never differs from the tables. */
export function errorsDocument(): string {
  return [
    '# Errors',
    '',
    'Generated from `core/errors/`; `npx vitest run test/unit/core/errors -u` writes it anew.',
    '',
    '## Errors of deputy',
    '',
    'Each is a `DeputyError` with `code`, `message`, `remedy` and `cause`.',
    '',
    ...Object.entries(errorTable).flatMap(([code, entry]) => errorSection(code, entry)),
    '## Why a request is refused',
    '',
    "The number is what a journal record holds; the errno is what the target's call returns.",
    '',
    '| number | code | errno | meaning |',
    '|---:|---|---|---|',
    ...Object.entries(refusalTable).map(([code, entry]) => refusalRow(code, entry)),
    '',
  ].join('\n');
}

function errorSection(code: string, entry: ErrorEntry): string[] {
  const what = entry.what.replaceAll('\n', ' ');
  return [
    `### ${code}`,
    '',
    `- Message: \`${what}\``,
    `- Why: ${entry.why}`,
    `- Remedy: ${entry.remedy}`,
    '',
  ];
}

function refusalRow(code: string, entry: Refusal): string {
  const errno = `${entry.errno} (${errnoNumbers[entry.errno]})`;
  const told = entry.errnoSource === 'policy' ? `the policy's, else ${errno}` : errno;
  return `| ${entry.id} | ${code} | ${told} | ${entry.sentence} |`;
}
